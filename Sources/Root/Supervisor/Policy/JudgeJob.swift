import AgentConfiguration
import AgentProtocol
import JobLaunch

/// How a request to run a job fares: every condition with its outcome. Both the decision and its explanation.
struct Judgement {
  /// One condition.
  struct Condition {
    /// What was looked at, in words.
    let text: String
    /// Why it does not hold, as the client is told; `nil` if it does.
    let refusal: String?
  }

  /// The user that the job runs as, if all conditions hold.
  var user: String
  /// In the order in which they are asked.
  var conditions: [Condition] = []

  /// The first condition that does not hold.
  var problem: Problem? {
    conditions.lazy.compactMap(\.refusal).first.map { Problem(.forbidden, $0) }
  }

  mutating func require(_ text: String, _ refusal: String?) {
    conditions.append(Condition(text: text, refusal: refusal))
  }
}

extension JobPolicy {
  /// Judges a job that a client with these rights wants to run. A user or group that does not exist is no matter of policy.
  func judge(_ job: JobRequest, _ rights: ClientRights) -> Judgement {
    var judgement = Judgement(user: isRoot ? job.user ?? defaultUser : ownUser)
    judgeUser(job, rights.table, &judgement)
    judgeGroup(job, rights.table, &judgement)
    if let pool = rights.table?.pool {
      judgement.require(
        "pool is \"\(pool)\"", job.pool ?? pool == pool ? nil : "this client's jobs run in pool \(pool) only")
    }
    if let commands = rights.table?.commands { Self.judgeProgram(job, commands, &judgement) }
    return judgement
  }

  private func judgeUser(_ job: JobRequest, _ table: ClientTable?, _ judgement: inout Judgement) {
    let user = judgement.user
    if table?.readOnly == true { judgement.require("read_only", "this client may only look at jobs") }
    if !isRoot {
      judgement.require(
        "agentd is not root and runs jobs as \(ownUser)",
        job.user == nil || job.user == ownUser
          ? nil : "this agent runs as \(ownUser) and cannot run jobs as another user")
    }
    if let users = table?.users {
      judgement.require(
        "users are \(Self.list(users))", users.contains(user) ? nil : "this client may not run jobs as user \(user)")
    }
    if isRoot {
      let mayBeRoot = table?.allowRoot == true
      judgement.require(
        mayBeRoot ? "allow_root" : "root is not allowed", mayBeRoot ? nil : Self.problem(ofUser: user))
    }
  }

  private func judgeGroup(_ job: JobRequest, _ table: ClientTable?, _ judgement: inout Judgement) {
    guard let group = job.group else { return }
    if let groups = table?.groups {
      judgement.require(
        "groups are \(Self.list(groups))", groups.contains(group) ? nil : "this client may not name group \(group)")
    }
    judgement.require("group \(group)", isRoot ? Self.problem(ofGroup: group, of: judgement.user) : nil)
  }

  /// The program is named by the path that the rule is about, and nobody but root can make that path lead elsewhere. What could
  /// make an allowed program run another one, without its arguments' saying so, is refused with it.
  private static func judgeProgram(_ job: JobRequest, _ commands: [ProgramPattern], _ judgement: inout Judgement) {
    let program = job.command.first ?? ""
    let matching = commands.first { $0.matches(program) }
    judgement.require(
      matching.map { "commands: \"\($0)\" is for \(program)" } ?? "commands are \(list(commands.map(\.description)))",
      matching == nil ? "this client may not run \(program); name an allowed program by its absolute path" : nil)
    if matching != nil {
      judgement.require("path to \(program)", ProgramPath.fault(of: program).map { "\(program) is refused: \($0)" })
    }
    judgement.require(
      "script", job.script.map { _ in "this client may run certain programs only, so it may not submit a script" })
    // It reads the user's profile, which jobs of that user can write.
    judgement.require(
      "login", job.login ? "this client may run certain programs only, so it may not use a login shell" : nil)
    let variable = job.environment.sorted { $0.key < $1.key }.first { JobEnvironment.isDangerous($0.key, $0.value) }
    judgement.require(
      "environment",
      variable.map { "this client may run certain programs only, so it may not set the environment variable \($0.key)" }
    )
  }

  private static func list(_ words: [String]) -> String {
    words.isEmpty ? "none" : words.map { "\"\($0)\"" }.joined(separator: ", ")
  }
}
