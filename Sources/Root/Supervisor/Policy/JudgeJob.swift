import AgentConfiguration
import AgentProtocol
import JobLaunch
import Wording

/// The judgement of a request to run a job: every condition with its outcome. Serves for both the decision and its explanation.
struct Judgement {
  /// One condition.
  struct Condition {
    /// What was checked, in words.
    let text: String
    /// Why it does not hold, in words for the client; `nil` if it holds.
    let refusal: Problem?
  }

  /// The user that the job runs as, if all conditions hold.
  var user: String
  /// The conditions, in the order in which they are checked.
  var conditions: [Condition] = []

  /// The first condition that does not hold.
  var problem: Problem? {
    conditions.lazy.compactMap(\.refusal).first
  }

  mutating func require(_ text: String, _ refusal: String?, _ kind: ProblemKind = .forbidden) {
    conditions.append(Condition(text: text, refusal: refusal.map { Problem(kind, $0) }))
  }
}

extension JobPolicy {
  /// Judges a job that a client with these rights wants to run.
  ///
  /// - Parameter found: what the host knows of the job's user, group and program; `nil` leaves out what depends on it. Policy does not
  ///   cover a user or group that does not exist.
  func judge(_ job: JobRequest, _ rights: ClientRights, _ found: Found? = nil) -> Judgement {
    var judgement = Judgement(user: isRoot ? job.user ?? rights.table?.defaultUser ?? defaultUser : ownUser)
    judgeUser(job, rights.table, found?.account, &judgement)
    judgeGroup(job, rights.table, found?.account, &judgement)
    if let pool = rights.table?.pool {
      judgement.require(
        "pool is \"\(pool)\"", (job.pool ?? pool).isSame(as: pool) ? nil : "this client's jobs run in pool \(pool) only"
      )
    }
    if job.leaveProcesses == true { judgeLeaving(rights.table, &judgement) }
    if let commands = rights.table?.commands { Self.judgeProgram(job, commands, found, &judgement) }
    if let table = rights.table { Self.judgeEnvironment(job, table, &judgement) }
    return judgement
  }

  private func judgeUser(
    _ job: JobRequest, _ table: ClientTable?, _ account: Account?, _ judgement: inout Judgement
  ) {
    let user = judgement.user
    if table?.readOnly == true { judgement.require("the table is not read_only", "this client may only look at jobs") }
    if !isRoot {
      judgement.require(
        "agentd is not root and runs jobs as \(ownUser)",
        job.user?.isSame(as: ownUser) ?? true
          ? nil : "this agent runs as \(ownUser) and cannot run jobs as another user")
    }
    if isRoot, job.user == nil, let table, table.jobs == .own, table.defaultUser == nil {
      judgement.require(
        "a user is named, or default_user is set",
        "the request names no user, and there is no default_user for this client: name a user, or have default_user set in "
          + "the client's table of agentd.toml", .notSupported)
    }
    if let users = table?.users {
      judgement.require(
        "users are \(Self.list(users))",
        users.containsSame(as: user) ? nil : "this client may not run jobs as user \(user)")
    }
    if isRoot {
      let mayBeRoot = table?.allowRoot == true
      judgement.require(
        mayBeRoot ? "allow_root: the user may be root" : "the user is not root",
        !mayBeRoot && account?.isRoot == true ? Self.rootIsRefused : nil)
      judgement.require("the user is not one of agentd's own", account.flatMap(reserved.problem))
    }
  }

  private func judgeLeaving(_ table: ClientTable?, _ judgement: inout Judgement) {
    judgement.require(
      "[jobs] allows to leave processes",
      mayLeaveProcesses ? nil : "leave_processes: jobs of this agent end with all their processes", .notSupported)
    judgement.require(
      "the table allows to leave processes",
      table?.leaveProcesses == false ? "this client's jobs may not leave processes running" : nil)
  }

  private func judgeGroup(
    _ job: JobRequest, _ table: ClientTable?, _ account: Account?, _ judgement: inout Judgement
  ) {
    guard let group = job.group else { return }
    if let groups = table?.groups {
      judgement.require(
        "groups are \(Self.list(groups))",
        groups.containsSame(as: group) ? nil : "this client may not name group \(group)")
    }
    let isMember = !isRoot || account?.isMemberOfGroup ?? true
    judgement.require(
      "user \(judgement.user) is a member of group \(group)",
      isMember ? nil : "user \(judgement.user) is not a member of group \(group)")
  }

  /// Checks that the program is named by a path that the rule matches, and that only root can change what the path refers to.
  ///
  /// Also refuses what could make an allowed program run another one without that showing in its arguments.
  private static func judgeProgram(
    _ job: JobRequest, _ commands: [ProgramPattern], _ found: Found?, _ judgement: inout Judgement
  ) {
    let program = job.command.first ?? ""
    let matching = commands.first { $0.matches(program) }
    judgement.require(
      matching.map { "commands: \"\($0)\" is for \(program)" } ?? "commands are \(list(commands.map(\.description)))",
      matching == nil ? "this client may not run \(program); name an allowed program by its absolute path" : nil)
    if matching != nil {
      judgement.require("only root can change \(program)", found?.programFault.map { "\(program) is refused: \($0)" })
    }
    judgement.require(
      "a program, not a script",
      job.script.map { _ in "this client may run certain programs only, so it may not submit a script" })
    // A login shell reads the user's profile, which jobs of that user can write.
    judgement.require(
      "no login shell", job.login ? "this client may run certain programs only, so it may not use a login shell" : nil)
  }

  /// Checks the variables that a request sets: those that the table names are allowed.
  ///
  /// If the table does not say, all are; or, with `commands`, none, because many programs run another one that a variable names.
  private static func judgeEnvironment(_ job: JobRequest, _ table: ClientTable, _ judgement: inout Judgement) {
    guard let allowed = table.environment ?? (table.commands == nil ? nil : []) else { return }
    let refused = job.environment.keys.sorted().first { name in
      !allowed.contains { $0.matches(name) } || JobEnvironment.isDangerous(name, job.environment[name] ?? "")
    }
    judgement.require(
      "environment is \(list(allowed.map(\.description)))",
      refused.map { "this client may not set the environment variable \($0), or not to this value" })
  }

  private static func list(_ words: [String]) -> String {
    words.isEmpty ? "none" : words.map { "\"\($0)\"" }.joined(separator: ", ")
  }
}
