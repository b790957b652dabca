import AgentConfiguration
import AgentProtocol
import CLinux
import Console
import Glibc
import JobLaunch
import SystemCalls

/// Measures both sides of the comparison.
///
/// The login also runs under a shepherd: whatever the user's start-up files do, it ends in time, leaves no process and has no terminal.
final class Measurement {
  private static let patience = 30.0
  private static let maximumBytes: Int64 = 1 << 20

  private let account: Account
  private let folder: String
  private var launcher: JobLauncher

  /// - Throws: if the shepherd is not where this installation should have it.
  init(of account: Account) throws(SystemError) {
    self.account = account
    var template = Array("/tmp/agent-register-XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else { throw SystemError.last("mkdtemp", "/tmp") }
    folder = String(cString: path)
    do throws(SystemError) {
      launcher = try JobLauncher(folder: folder, shepherd: JobLauncher.installedShepherd())
    } catch {
      rmdir(folder)
      throw error
    }
  }

  deinit { rmdir(folder) }

  /// The login command, without the command run in it. /bin/sh replaces a shell that refuses logins.
  var loginCommand: String { loginArguments.joined(separator: " ") }

  private var loginArguments: [String] {
    ["su", "-"] + (account.hasLoginShell ? [] : ["-s", "/bin/sh"]) + [account.name]
  }

  /// Measures a login as this process would make it, with its limits and its umask.
  func login() throws -> Surroundings {
    let mask = umask(0)
    umask(mask)
    launcher.surroundings = JobSurroundings(umask: mask, processLimits: try ProcessLimits.own())
    let (output, outcome) = try run("login", loginArguments + ["-c", "/bin/sh -c '\(Surroundings.script)'"], as: .root)
    guard let found = Surroundings(output) else {
      let last = String(decoding: output, as: UTF8.self).split(separator: "\n").last.map { ": it says \"\($0)\"" }
      let reason = outcome.reason.map { " (\($0))" } ?? ""
      throw CommandError(.system, "\(loginCommand): did not start a shell\(reason)\(last ?? "")")
    }
    return found
  }

  /// Measures a job as agentd would run it with this configuration, under the limits of this process.
  func job(_ configuration: AgentConfiguration.Jobs) throws -> Surroundings {
    launcher.surroundings = JobSurroundings(
      umask: configuration.umask, loginShellIsRequired: configuration.loginShellRequired,
      processLimits: configuration.processLimits.map { .init(resource: $0, soft: $1.soft, hard: $1.hard) })
    let (output, outcome) = try run("job", ["/bin/sh", "-c", Surroundings.script], as: account)
    guard let found = Surroundings(output) else {
      throw CommandError(
        .system, "a job of \(account.name) does not start a shell: \(outcome.reason ?? outcome.state.rawValue)")
    }
    return found
  }

  private func run(_ name: String, _ command: [String], as account: Account) throws -> ([UInt8], JobOutcome) {
    guard let id = JobID(name) else { preconditionFailure("not an id: \(name)") }
    var request = JobRequest(command: command)
    (request.timeout, request.killGrace, request.outputLimit) = (Self.patience, 2, Self.maximumBytes)
    // The only variable that su(1) passes on.
    if account.isRoot, let terminal = getenv("TERM") { request.environment["TERM"] = String(cString: terminal) }
    // Shepherds have the limits that this process had when their server was started.
    launcher.shepherds.replace()
    var job: RunningJob
    do throws(LaunchRefusal) { job = try launcher.launchAndWait(id, request, as: account) } catch {
      throw CommandError(.system, error.description)
    }
    // Nobody here enters the end into a ledger: the shepherd leaves it in the folder.
    job.report = nil
    defer { try? launcher.remove(id) }
    var ended = pollfd(fd: job.shepherd.descriptor.raw, events: Int16(POLLIN), revents: 0)
    try checked("poll") { poll(&ended, 1, -1) }
    let outcome = launcher.outcome(of: job)
    return (try launcher.openOutput(of: id).readAll(limit: Int(Self.maximumBytes), folder), outcome)
  }
}

extension Account {
  fileprivate static var root: Account {
    get throws {
      do throws(LaunchRefusal) { return try Account.resolve(nil) } catch {
        throw CommandError(.system, error.description)
      }
    }
  }
}

/// All limits of setrlimit(2).
enum ProcessLimits {
  /// Returns the limits of this process.
  static func own() throws(SystemError) -> [JobSurroundings.ProcessLimit] {
    var limits: [JobSurroundings.ProcessLimit] = []
    for resource in 0..<clinux_limit_count {
      var limit = rlimit()
      try checked("prlimit") { clinux_prlimit(0, resource, nil, &limit) }
      limits.append(.init(resource: Int(resource), soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max)))
    }
    return limits
  }

  /// Sets the limits of another process for this one, and for what it starts from now on.
  static func take(from process: ProcessHandle) throws(SystemError) {
    for resource in 0..<clinux_limit_count {
      var limit = rlimit()
      try checked("prlimit", "process \(process.processID)") {
        clinux_prlimit(process.processID, resource, nil, &limit)
      }
      try checked("prlimit") { clinux_prlimit(0, resource, &limit, nil) }
    }
  }
}
