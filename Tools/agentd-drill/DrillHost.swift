import AgentClient
import Glibc
import HTTPSClient
import OpenSSL
import Synchronization
import SystemCalls
import TestCertificates
import TestSupport

/// An agentd with its certificates, in a scratch folder; restarted whenever it ends, as an init would.
final class DrillHost: Sendable {
  /// The environment variable that marks a job's processes.
  static let marker = "DRILL_JOB"
  /// The size of the file system for the state, in bytes.
  private static let diskBytes = 2 << 30

  let folder: TemporaryFolder
  let prefix: String
  let port: Int
  /// Whether the state is on a separate file system whose size can be changed: only as root.
  let hasOwnDisk: Bool
  private let programs: String
  private let root: Credential
  private let scheduler: Credential
  private let insiders: [Insider: Credential]
  /// The good clients, as agentd shows them.
  let schedulerSubject = "CN=scheduler"
  let schedulerThumbprint: String
  /// Whether only insiders have processes of their user, so that nobody else's are killed.
  let ownsProcessesOfInsiders: Bool
  private let supervisor = Mutex<TestProcess?>(nil)
  private let ending = Mutex(false)
  private let clock = Mutex<Int?>(nil)

  init(programs: String, seed: UInt64, hasInsiders: Bool) async throws {
    var resolved = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    guard realpath(programs, &resolved) != nil else { throw SystemError.last("realpath", programs) }
    self.programs = String(decoding: resolved.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    prefix = "d\(seed)-\(getpid())-"
    let folder = try TemporaryFolder()
    self.folder = folder
    try checked("chmod", folder.path) { chmod(folder.path, 0o711) }
    root = try PKI.shared.root("Drill Root")
    scheduler = try PKI.shared.client("scheduler", by: root)
    schedulerThumbprint = try Self.thumbprint(of: scheduler)
    var insiders: [Insider: Credential] = [:]
    if hasInsiders {
      for insider in Insider.allCases { insiders[insider] = try PKI.shared.client(insider.name, by: root) }
    }
    self.insiders = insiders
    ownsProcessesOfInsiders = getpwnam(Insider.user).map { Processes.of(user: $0.pointee.pw_uid).isEmpty } ?? false
    port = try Self.freePort()
    try Folder.make(folder.path("marks"), mode: 0o711)
    try checked("chmod", folder.path("marks")) { chmod(folder.path("marks"), 0o1777) }
    try Folder.make(folder.path("state"), mode: 0o700)
    hasOwnDisk =
      geteuid() == 0
      && mount("tmpfs", folder.path("state"), "tmpfs", 0, "size=\(Self.diskBytes),mode=0700") == 0
    try folder.write(
      "agentd.toml",
      """
      [paths]
      store = "store"
      listener = "listener.toml"
      state = "state"
      runtime = "run"
      [process]
      log_level = "info"
      \(geteuid() == 0 ? "listener_user = \"games\"\nsigner_user = \"news\"" : "")
      [jobs]
      max_running = 48
      \(hasInsiders ? Insiders.limits + "\n" + Insider.tables(scheduler: schedulerSubject) : "")
      """)
    try await register(try PKI.shared.server("agent", by: root))
  }

  deinit {
    if hasOwnDisk { umount2(folder.path("state"), Int32(MNT_DETACH)) }
  }

  private static func freePort() throws -> Int {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let probe = FileDescriptor(owning: try checked("socket") { number })
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let raw = probe.raw
    let outcome = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(raw, $0, length) + getsockname(raw, $0, &length) }
    }
    try checked("bind") { outcome }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private static func thumbprint(of credential: Credential) throws -> String {
    let line = try PKI.shared.openssl(
      "x509", "-in", credential.certificatePath, "-noout", "-fingerprint", "-sha256")
    return String(line.drop { $0 != "=" }.dropFirst().filter(\.isHexDigit))
  }

  private func register(_ listener: Credential) async throws {
    let thumbprint = try Self.thumbprint(of: listener)
    for arguments in [
      ["-I", listener.bundlePath], ["-L", "-t", thumbprint, "-b", "127.0.0.1", "-p", "\(port)"],
    ] {
      let result = try await TestProcess(["\(programs)/agent-register"] + arguments, environment: environment).end()
      if result.end != .exited(0) { throw DrillFailure("agent-register \(arguments): \(result.errorText)") }
    }
  }

  private var environment: [String: String] {
    ["PATH": "/usr/bin:/bin", "AGENTD_CONFIG": folder.path("agentd.toml"), "HOME": folder.path]
  }

  var marks: String { folder.path("marks") }
  var log: String { (try? folder.read("agentd.log")) ?? "" }
  var supervisorID: pid_t? { supervisor.withLock { $0?.handle.processID } }
  var isEnding: Bool {
    get { ending.withLock { $0 } }
    set { ending.withLock { $0 = newValue } }
  }
}

extension DrillHost {
  /// Starts agentd.
  func start() async throws {
    var variables = environment
    if let offset = clock.withLock({ $0 }) {
      variables["LD_PRELOAD"] = Self.fakeClock
      variables["FAKETIME"] = "\(offset < 0 ? "" : "+")\(offset)s"
      // A host's clock can be set; its uptime cannot.
      variables["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
    }
    let process = try TestProcess(
      ["/bin/sh", "-c", "exec \(programs)/agentd -F >>agentd.log 2>&1"], environment: variables,
      directory: folder.path)
    supervisor.withLock { $0 = process }
  }

  /// Restarts agentd whenever it has ended, until the drill ends; only a kill or lack of space may end it.
  func keepRunning(_ book: Book) async {
    while !isEnding {
      if supervisor.withLock({ $0?.isOver ?? true }) {
        let ended = supervisor.withLock { $0 }
        if let end = try? await ended?.end(within: .seconds(5)), case .exited(let code) = end.end,
          !book.hits(since: .now - .seconds(3)).contains(.starved)
        {
          book.violation("agentd exited unexpectedly with \(code): \(end.errorText)\(log.suffix(400))")
        }
        try? await start()
      }
      try? await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Sets the clock of the next start off by this number of seconds; `nil` for the correct time.
  func setClock(_ offset: Int?) { clock.withLock { $0 = offset } }

  static let fakeClock = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
  ]
  .first { (path: String) in access(path, R_OK) == 0 }

  /// Shuts agentd down gracefully and starts it again.
  func restart() async throws {
    try await stop()
    try await start()
  }

  func stop() async throws {
    guard let process = supervisor.withLock({ $0 }) else { return }
    try? process.handle.send(SIGTERM)
    _ = try await process.end(within: .seconds(60))
    supervisor.withLock { $0 = nil }
  }

  func end() async {
    try? await stop()
    // Leave nothing on the host, even after a faulty agentd.
    for left in Processes.carrying(Self.marker) where left.value.hasPrefix(prefix) { kill(left.process, SIGKILL) }
  }

  /// Returns the processes of this agentd whose titles begin with `title`.
  func processes(_ title: String) -> [pid_t] {
    guard let supervisor = supervisorID else { return [] }
    return Processes.all().filter { $0.title.hasPrefix(title) && Processes.parent(of: $0.process) == supervisor }
      .map(\.process)
  }

  /// Returns the shepherds of this drill's jobs, whatever their parent is now.
  func shepherds() -> [(process: pid_t, job: String)] {
    let title = "agentd-shepherd: "
    return Processes.all().filter { $0.title.hasPrefix(title + prefix) }
      .map { ($0.process, String($0.title.dropFirst(title.count))) }
  }

  /// Returns a client with its own connections.
  func client(patience: Double = 120) throws -> AgentClient {
    var limits = ClientLimits()
    limits.patience = patience
    limits.connectTime = 5
    limits.answerTime = 30
    limits.stallTime = 20
    return AgentClient(address, tls: try context(of: scheduler), limits: limits)
  }

  /// The address of the agent.
  var address: ServerAddress { ServerAddress(host: "127.0.0.1", port: port) }

  /// Returns what an insider needs for its connections.
  func context(of insider: Insider) throws -> TLSClientContext {
    guard let credential = insiders[insider] else { throw DrillFailure("\(insider.name) has no certificate") }
    return try context(of: credential)
  }

  private func context(of credential: Credential) throws -> TLSClientContext {
    let key = try PEMBlock.all(in: DurableFile.read(credential.keyPath, limit: 1 << 16))[0]
    return try TLSClientContext(
      certificateChain: Certificate.all(inPEM: DurableFile.read(credential.chainPath, limit: 1 << 20)),
      privateKey: PrivateKey(pem: key),
      roots: Certificate.all(inPEM: DurableFile.read(root.certificatePath, limit: 1 << 20)))
  }

  /// Returns an agentctl command line with the options that specify the agent.
  func agentctl(_ command: String) -> [String] {
    [
      "\(programs)/agentctl", command, "127.0.0.1:\(port)", "--cert", scheduler.chainPath, "--key",
      scheduler.keyPath, "--ca", root.certificatePath,
    ]
  }

  /// Makes the disk full, or gives it room again.
  func setDisk(full: Bool) {
    var status = statvfs()
    guard statvfs(folder.path("state"), &status) == 0 else { return }
    let used = Int(status.f_blocks - status.f_bfree) * Int(status.f_frsize)
    let size = full ? max(used, 4096) : Self.diskBytes
    mount("tmpfs", folder.path("state"), "tmpfs", UInt(MS_REMOUNT), "size=\(size)")
  }
}

struct DrillFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
