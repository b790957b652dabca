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

/// A listener of which the test holds the link: a process that only sleeps, and the bytes that the test writes.
final class FakeListener {
  let process: ProcessHandle
  let link: FileDescriptor
  private let signer: ProcessHandle

  private init(_ process: ProcessHandle, _ signer: ProcessHandle, _ link: FileDescriptor) {
    (self.process, self.signer, self.link) = (process, signer, link)
  }

  deinit {
    try? process.send(SIGKILL)
    try? signer.send(SIGKILL)
  }

  /// A process that does nothing, with our end of its link as the supervisor gets it.
  static func start() throws(SystemError) -> (FakeListener, LaunchedListener) {
    let (theirs, supervisors) = try FileDescriptor.socketPair()
    let process = try Program("/bin/sleep", arguments: ["sleep", "600"], descriptors: [nil, nil, nil]).start()
    let signer = try Program("/bin/sleep", arguments: ["sleep", "600"], descriptors: [nil, nil, nil]).start()
    let signing = try SigningLink.pair().listener
    return (
      FakeListener(process, signer, theirs),
      LaunchedListener(process: process, link: supervisors, signer: signer, signing: [signing], program: "sleep")
    )
  }

  /// Writes a frame as the contract wants it.
  func send(_ message: ListenerMessage) throws {
    try link.writeAll(frame(try JSONEncoder().encode(message)))
  }

  /// Whether the supervisor has killed it (or reaped it already).
  var isGone: Bool {
    do throws(SystemError) { try process.send(0) } catch { return error.code == ESRCH }
    return false
  }
}

/// A frame around a payload: length, big-endian, and count of descriptors.
func frame(_ payload: some Collection<UInt8>, length: Int? = nil, descriptors: UInt8 = 0) -> [UInt8] {
  let length = UInt32(length ?? payload.count)
  return (0..<4).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + [descriptors] + payload
}

/// A configured host in a folder of its own, with a store whose contents nobody parses.
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
      listener_user = "nobody"
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

  /// What was logged so far.
  var all: [String] { lines.withLock(\.self) }

  /// A log of the supervisor's that writes here.
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
