/// What was meant by words that belong to another of agentd's programs, or to the service manager.
public enum OtherPrograms {
  /// A program of this package.
  public enum Program: String, Sendable {
    case agentd, agentctl
    case agentRegister = "agent-register"
    case schedulerRegister = "scheduler-register"
  }

  /// Returns what to call instead; nil if the words do not belong to another program.
  ///
  /// - Parameter words: the command line of `program`, from its first word that it does not know.
  public static func answer(_ words: [String], of program: Program) -> String? {
    guard let first = words.first else { return nil }
    let typed = words.map(shellWord).joined(separator: " ")
    if let verb = verbs.first(where: { $0.word.isSame(as: first) }), program != .agentctl || verb.isForAll {
      return verb.meant
    }
    if program != .schedulerRegister, isOfScheduler(words) {
      return "that is a command of scheduler-register: scheduler-register \(typed)"
    }
    if program == .agentRegister, let letter = actions.first(where: { $0.words.containsSame(as: first) })?.option {
      return "agent-register has options for that: agent-register \(letter)"
    }
    if program != .agentctl, commands.containsSame(as: first) {
      return "that is a command of agentctl: agentctl \(typed)"
    }
    if program != .agentRegister, options.containsSame(as: first) {
      return "that is an option of agent-register: agent-register \(typed)"
    }
    let isOfAgentd = ["-F", "--foreground", "-C", "--status"].containsSame(as: first)
    // agent-register has its own.
    if program != .agentd, isOfAgentd || program != .agentRegister && ["-t", "--test"].containsSame(as: first) {
      return "that is an option of agentd: agentd \(typed)"
    }
    return nil
  }

  private static func isOfScheduler(_ words: [String]) -> Bool {
    let pair = words.flatMap { $0.parts(at: " ") }.prefix(2).map { $0.uppercased() }
    return pair.count == 2 && verbsOfScheduler.containsSame(as: pair[0]) && nounsOfScheduler.containsSame(as: pair[1])
  }

  private static let verbsOfScheduler = [
    "CREATE", "LIST", "SET", "REMOVE", "SIGN", "ADD", "EXPORT", "IMPORT", "SERVE", "REVOKE",
  ]
  private static let nounsOfScheduler = [
    "ROOT", "EXEC", "EXECUTOR", "AGENT", "OPERATOR", "REQUEST", "CERT", "DEFAULT", "CONNECTORS", "ENROLMENT", "CRL",
  ]

  private static let commands = [
    "run", "exec", "submit", "show", "jobs", "logs", "wait", "cancel", "delete", "events", "agents", "disable",
    "enable", "label", "top", "console",
  ]

  private static let options = [
    "-I", "--import", "-L", "--listener", "-R", "--request", "--renew", "-x", "--remove", "-E", "--export", "-V",
    "--verify", "-l", "--list", "--env-diff",
  ]

  /// What others call the actions of agent-register.
  private static let actions: [(words: [String], option: String)] = [
    (["list", "ls"], "-l"), (["import"], "-I FILE"), (["remove", "rm"], "-x HASH"), (["export"], "-E HASH"),
    (["verify", "check"], "-V FILE"), (["request", "enroll"], "-R -s SCHEDULER"), (["renew"], "--renew"),
    (["listen", "listener"], "-L"),
  ]

  private static let verbs: [(word: String, meant: String, isForAll: Bool)] = [
    ("start", "agentd starts without a command; as a service: systemctl start agentd", false),
    ("stop", "as a service: systemctl stop agentd; jobs keep running", false),
    ("status", "agentd --status shows what runs here; as a service: systemctl status agentd", false),
    ("reload", "at the agent's host: systemctl reload agentd, or kill -HUP its process", true),
    ("restart", "at the agent's host: systemctl restart agentd; jobs keep running", true),
    ("enrol", "at the agent's host: agent-register -R -s SCHEDULER", true),
    ("register", "at the agent's host: agent-register -R -s SCHEDULER", true),
  ]
}
