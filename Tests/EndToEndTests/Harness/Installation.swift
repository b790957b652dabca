import Glibc
import Synchronization
import SystemCalls
import TestCertificates
import TestSupport

/// An agent with its scheduler's certificates, all in one folder: certificates, store, configuration, and an agentd on its own port.
///
/// Everything that it started ends with the last reference.
final class Installation: Sendable {
  let folder: TemporaryFolder
  let certificates: SchedulerCertificates
  let port: Int
  private let supervisor = Mutex<TestProcess?>(nil)

  /// Creates an agent with certificates and configuration files, not yet registered or started.
  ///
  /// - Parameters:
  ///   - configuration: added to agentd.toml, after `[paths]` and `[process]`.
  ///   - listenerKey: the kind of the listener's key.
  ///   - users: the lines of `[process]` that are required for root.
  init(
    configuration: String = "", listenerKey: CertificateRecipe.Key = .p256, users: String = Installation.users
  ) async throws {
    certificates = try SchedulerCertificates.make(listenerKey: listenerKey)
    folder = try TemporaryFolder()
    port = try FreePort.next()
    try Folder.make(folder.path("bin"), mode: 0o755)
    for (name, program) in [
      ("jams-agentd", "agentd"), ("jams-register", "agent-register"), ("agentctl", "agentctl"),
    ] {
      let target = try BuiltProduct.path(program)
      let link = folder.path("bin/\(name)")
      try checked("symlink", link) { symlink(target, link) }
    }
    try folder.write(
      "agentd.toml", Self.paths + (isRoot ? "[process]\n\(users)\n" : "") + configuration)
  }

  /// The users of the listener and the signer when agentd is root: every host has them, and no test job runs as one of them.
  static let (listenerUser, signerUser) = ("games", "news")
  static let users = "listener_user = \"\(listenerUser)\"\nsigner_user = \"\(signerUser)\""

  private static let paths = """
    [paths]
    store = "store"
    listener = "listener.toml"
    state = "state"
    runtime = "run"

    """

  /// Returns a running agent; parameters as above.
  static func running(
    configuration: String = "", listenerKey: CertificateRecipe.Key = .p256
  ) async throws -> Installation {
    let installation = try await Installation(configuration: configuration, listenerKey: listenerKey)
    try await installation.register()
    try await installation.start()
    return installation
  }

  deinit {
    end(SIGKILL)
    // The jobs outlive agentd, as they should, but must not outlive the test.
    for shepherd in shepherds { kill(shepherd, SIGTERM) }
  }

  /// Only what a program needs, so that the test's own environment has no influence.
  var environment: [String: String] {
    [
      "PATH": "\(folder.path("bin")):/usr/bin:/bin", "AGENTD_CONFIG": folder.path("agentd.toml"), "HOME": folder.path,
      "LANG": "C.UTF-8",
    ]
  }

  /// Imports the listener's bundle and configures the listener.
  func register() async throws {
    try folder.write("agentcert.pem", certificates.bundle, mode: 0o600)
    try folder.write("password", SchedulerCertificates.password + "\n", mode: 0o600)
    try await configure("-I", "agentcert.pem", "-P", "password")
    try await configure(
      "-L", "-t", try certificates.listenerThumbprint, "-d", "none", "-b", "127.0.0.1", "-p", "\(port)")
  }

  /// Runs jams-register, which must succeed.
  @discardableResult
  func configure(_ arguments: String...) async throws -> String {
    let result = try await TestProcess(
      ["\(folder.path("bin"))/jams-register"] + arguments, environment: environment, directory: folder.path
    )
    .end()
    if result.end != .exited(0) { throw HarnessError("jams-register \(arguments): \(result.end): \(result.errorText)") }
    return result.outputText
  }
}

// MARK: agentd

extension Installation {
  /// Everything that agentd has logged, in all its runs.
  var log: String { (try? folder.read("agentd.log")) ?? "" }

  /// Starts agentd and waits until it listens.
  ///
  /// - Parameters:
  ///   - wrapper: a program with arguments that executes agentd.
  ///   - variables: added to its environment.
  func start(wrapper: [String] = [], variables: [String: String] = [:]) async throws {
    let earlier = log.utf8.count
    let process = try TestProcess(
      wrapper + ["/bin/sh", "-c", "exec \(folder.path("bin"))/jams-agentd -F >>agentd.log 2>&1"],
      environment: environment.merging(variables) { $1 }, directory: folder.path)
    supervisor.withLock { $0 = process }
    try await wait(for: "agentd to listen") {
      if !ProcessTable.isAlive(process.handle.processID) {
        throw HarnessError("agentd has ended; its log: \(self.log)")
      }
      return log.utf8.dropFirst(earlier).firstRange(of: Self.readyMark.utf8) != nil
    }
  }

  /// Part of the log line that says that agentd listens.
  static let readyMark = "agentd serves"

  /// The supervisor's process ID.
  var supervisorID: pid_t { supervisor.withLock { $0?.handle.processID ?? -1 } }

  /// Returns the listener's process ID; waits until there is exactly one.
  func listenerID() async throws -> pid_t { try await onlyChild("agentd: listener") }

  /// Returns the signer's process ID; waits until there is exactly one.
  func signerID() async throws -> pid_t { try await onlyChild("agentd: signer") }

  /// Returns the process ID of the shepherd server; waits until there is exactly one.
  func shepherdServerID() async throws -> pid_t { try await onlyChild("agentd: shepherds") }

  private func onlyChild(_ title: String) async throws -> pid_t {
    try await wait(for: "one \(title)") {
      let found = try ProcessTable.children(of: supervisorID).filter {
        ProcessTable.title($0)?.hasPrefix(title) ?? false
      }
      return found.count == 1 ? found[0] : nil
    }
  }

  /// The living shepherds, according to their locks.
  var shepherds: [pid_t] {
    let jobs = folder.path("state/jobs")
    return ((try? Folder.names(in: jobs)) ?? []).compactMap { id in
      guard let text = try? folder.read("state/jobs/\(id)/lock"), let process = pid_t(text.prefix { $0.isNumber }),
        ProcessTable.title(process)?.contains("agentd-shepherd") ?? false
      else { return nil }
      return process
    }
  }

  /// The number of established TCP connections to its port, from /proc/net/tcp: only root can inspect the descriptors of another user's
  /// process.
  var connections: Int {
    get throws {
      let table = String(decoding: try DurableFile.read("/proc/net/tcp", limit: 1 << 24), as: UTF8.self)
      let hexadecimal = String(port, radix: 16, uppercase: true)
      return table.split(separator: "\n").count { line in
        let fields = line.split(separator: " ")
        return fields.count > 3 && fields[1] == "0100007F:\(hexadecimal)" && fields[3] == "01"
      }
    }
  }

  /// Sends agentd a signal without waiting.
  func signal(_ signal: Int32) throws { try supervisor.withLock { try $0?.handle.send(signal) } }

  /// Sends agentd a signal, and waits for its end.
  @discardableResult
  func stop(_ signal: Int32 = SIGTERM) async throws -> ProcessEnd {
    guard let process = supervisor.withLock({ $0 }) else { throw HarnessError("agentd does not run") }
    try process.handle.send(signal)
    return try await ended()
  }

  /// Waits for agentd to end.
  func ended() async throws -> ProcessEnd {
    guard let process = supervisor.withLock({ $0 }) else { throw HarnessError("agentd does not run") }
    let result = try await process.end()
    supervisor.withLock { $0 = nil }
    return result.end
  }

  private func end(_ signal: Int32) {
    supervisor.withLock { process in
      try? process?.handle.send(signal)
      process = nil
    }
  }

  /// Waits for a line of the log that contains all of `parts`, after the first `skipped` bytes.
  @discardableResult
  func logLine(with parts: String..., after skipped: Int = 0) async throws -> String {
    do {
      return try await wait(for: "a line of the log with \(parts)") {
        String(decoding: log.utf8.dropFirst(skipped), as: UTF8.self).split(separator: "\n").map(String.init)
          .first { line in parts.allSatisfy(line.contains) }
      }
    } catch let missed as DeadlineMissed {
      throw HarnessError("\(missed); the log: \(String(decoding: log.utf8.dropFirst(skipped), as: UTF8.self))")
    }
  }
}

/// Whether the tests run as root, who can check more of the promises.
let isRoot = geteuid() == 0

struct HarnessError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
