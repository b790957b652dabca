import AgentConfiguration
import Console
import Glibc
import JobLaunch
import SystemCalls

extension Registration {
  /// Compares the surroundings of a user's job with those of a login: `--env-diff`.
  ///
  /// Both are real: the shepherd runs a job with the limits of the running agentd, and su(1) makes a login; the surroundings that they find
  /// are compared.
  public func environmentDifference(of user: String) throws -> Report {
    guard isRoot else {
      throw CommandError(.noPermission, "--env-diff: only root can log in as \(user); run this as root")
    }
    let account: Account
    do throws(LaunchRefusal) { account = try Account.resolve(user) } catch {
      throw CommandError(.usage, "--env-diff: \(error)")
    }
    if account.isRoot { throw CommandError(.usage, "--env-diff: jobs are not run as root; name another user") }
    let agent = try PidFile.holder(of: configuration.paths.pidFile)
    let measurement = try Measurement(of: account)
    // The login comes first: agentd's limits, once set, remain for the rest of this process.
    let login = try measurement.login()
    if let agent { try ProcessLimits.take(from: agent) }
    let job = try measurement.job(configuration.jobs)
    let difference = EnvironmentDifference(
      user: user, login: measurement.loginCommand, agentd: agent?.processID, job, login)
    return invocation.json ? try Report(json: difference) : Report(lines: difference.lines)
  }
}

/// The result, as printed by `--json`.
struct EnvironmentDifference: Encodable {
  struct Pair: Encodable {
    let name: String
    /// `nil` if there is no value.
    let job, login: String?
  }

  let user: String
  /// The command line of the login.
  let login: String
  /// The agentd whose limits the job had; `nil` if none is running, and the job had those of this process.
  let agentd: Int32?
  let environment, groups, umask, limits: [Pair]

  init(user: String, login: String, agentd: Int32?, _ ofJob: Surroundings, _ ofLogin: Surroundings) {
    (self.user, self.login, self.agentd) = (user, login, agentd)
    environment = Self.pairs(ofJob.environment, ofLogin.environment)
    groups = Self.pairs(ofJob.groups, ofLogin.groups)
    umask = Self.pairs(["umask": ofJob.umask], ["umask": ofLogin.umask])
    limits = Self.pairs(ofJob.limits, ofLogin.limits)
  }

  /// Returns the values that differ, by name.
  private static func pairs(_ job: [String: String], _ login: [String: String]) -> [Pair] {
    Set(job.keys).union(login.keys).sorted().filter { job[$0] != login[$0] }.map {
      Pair(name: $0, job: job[$0], login: login[$0])
    }
  }

  var lines: [String] {
    let source = agentd.map { "of agentd (pid \($0))" } ?? "of this shell, because agentd is not running,"
    return [
      "a job of \(user), with the limits \(source) and of [jobs.limits], compared with a login (\(login)):"
    ]
      + Self.lines("environment", environment) + Self.lines("groups", groups) + Self.lines("umask", umask)
      + Self.lines("limits (soft, hard)", limits)
  }

  /// Returns a table with the two values one below the other, so that a difference in a long one is visible.
  private static func lines(_ title: String, _ pairs: [Pair]) -> [String] {
    if pairs.isEmpty { return ["\(title): the same"] }
    let width = min(pairs.map(\.name.count).max() ?? 0, 32)
    let margin = String(repeating: " ", count: width)
    return ["\(title):"]
      + pairs.flatMap { pair in
        [
          "  \(pair.name)\(margin.dropFirst(pair.name.count))  job    \(pair.job ?? "(none)")",
          "  \(margin)  login  \(pair.login ?? "(none)")",
        ]
      }
  }
}
