import AgentConfiguration
import AgentProtocol
import CertificateStore
import FoundationEssentials
import Glibc
import Logging
import SigningLink
import SupervisorLink
import Synchronization
import SystemCalls
import TestSupport
import Values

@testable import Supervisor

/// A listener whose link the test holds: a process that only sleeps, and the bytes that the test writes.
final class FakeListener {
  let process: ProcessHandle
  /// The link on which it receives.
  let link: FileDescriptor
  /// The pipe on which it sends.
  let outbox: FileDescriptor
  private let signer: ProcessHandle

  private init(_ process: ProcessHandle, _ signer: ProcessHandle, _ link: FileDescriptor, _ outbox: FileDescriptor) {
    (self.process, self.signer, self.link, self.outbox) = (process, signer, link, outbox)
  }

  deinit {
    try? process.send(SIGKILL)
    try? signer.send(SIGKILL)
  }

  /// Starts a process that does nothing; returns it with our end of its link as the supervisor gets it.
  static func start() throws(SystemError) -> (FakeListener, LaunchedListener) {
    let (supervisors, theirs) = try LaunchedListener.link()
    let (inbox, outbox) = try FileDescriptor.pipe()
    // Room for the longest frame of the tests, which write in the thread that also reads: F_SETPIPE_SZ, which Swift does not import.
    try checked("fcntl") { fcntl(outbox.raw, 1031, 1 << 20) }
    // A duplicate, so that the test can close its end: a real listener gets the original, which is in other hands as well.
    let own = FileDescriptor(owning: try checked("dup") { fcntl(outbox.raw, F_DUPFD_CLOEXEC, 0) })
    let process = try Program("/bin/sleep", arguments: ["sleep", "600"], descriptors: [nil, nil, nil]).start()
    let signer = try Program("/bin/sleep", arguments: ["sleep", "600"], descriptors: [nil, nil, nil]).start()
    let signing = try SigningLink.pair().listener
    return (
      FakeListener(process, signer, theirs, own),
      LaunchedListener(
        process: process, link: supervisors, inbox: inbox, outbox: outbox, signer: signer, signing: [signing],
        program: "sleep")
    )
  }

  /// Writes a frame that follows the contract.
  func send(_ message: ListenerMessage) throws {
    try outbox.writeAll(frame(try JSONEncoder().encode(message)))
  }

  /// Closes its ends of the link.
  func hangUp() {
    link.close()
    outbox.close()
  }

  /// Whether the supervisor has killed it (or already reaped it).
  var isGone: Bool {
    do throws(SystemError) { try process.send(0) } catch { return error.code == ESRCH }
    return false
  }
}

/// Returns a frame around a payload: length, big-endian, and number of descriptors.
func frame(_ payload: some Collection<UInt8>, length: Int? = nil, descriptors: UInt8 = 0) -> [UInt8] {
  let length = UInt32(length ?? payload.count)
  return (0..<4).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + [descriptors] + payload
}

/// A configured host in a separate folder, with a store whose contents nobody parses.
struct ScratchHost {
  let folder: TemporaryFolder
  let thumbprint = Thumbprint(repeating: "ab")

  init(limits: String = "") throws {
    folder = try TemporaryFolder()
    try folder.write(
      "agentd.toml",
      """
      [paths]
      store = "store"
      listener = "listener.toml"
      state = "state"
      runtime = "run"
      [process]
      listener_user = "games"
      [jobs]
      \(limits)
      """)
    try folder.write("listener.toml", "certificate = \"\(thumbprint)\"\naddresses = [\"127.0.0.1\"]\nport = 5773\n")
    try CertificateStore(folder: folder.path("store")).update { store in
      store.add(StoredObject(thumbprint: thumbprint, pem: Array("certificate".utf8)), to: .certificates)
      let root = Thumbprint(repeating: "cd")
      store.add(StoredObject(thumbprint: root, pem: Array("root".utf8)), to: .roots)
      "key".utf8.withContiguousStorageIfAvailable { store.addKey(UnsafeRawBufferPointer($0), of: thumbprint) }
    }
  }

  var options: StartOptions {
    StartOptions(
      configurationFile: folder.path("agentd.toml"), environment: [:], foreground: true, checkOnly: false)
  }
}

/// Collects log lines.
final class LogLines: LogHandler {
  private let lines = Mutex<[String]>([])
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var metadataProvider: Logger.MetadataProvider? {
    get { nil }
    set {}
  }
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }

  subscript(metadataKey _: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    let facts = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    lines.withLock { $0.append("\(event.level) \(event.message)\(facts)") }
  }

  /// All lines logged so far.
  var all: [String] { lines.withLock(\.self) }

  /// A supervisor log that writes here.
  var log: SupervisorLog { SupervisorLog(Logger(label: "test") { _ in self }) }
}

extension Reactor {
  /// Takes turns until `condition` holds.
  func turns(until what: String, within limit: Duration = .seconds(90), _ condition: () -> Bool) throws {
    let end = ContinuousClock.now + limit
    while !condition() {
      if ContinuousClock.now > end { throw SystemError("wait for \(what)", code: ETIMEDOUT) }
      after(.milliseconds(5)) {}
      try turn()
    }
  }
}
