import CommandGrammar
import Wording

/// Answers to commands of other programs, and to commands and switches in the style of others.
enum Habits {
  /// Returns what was meant by words, in upper case, that are not a command; nil if that is not known.
  static func hint(_ words: [String]) -> String? {
    guard let first = words.first else { return nil }
    if first.hasPrefix("-") {
      return agentOptions.contains(first)
        ? "that is an option of jams-register, which runs on the agent"
        : "a command is words, as in LIST EXEC CONFIG, and then switches, as in /JSON"
    }
    if first == "UPDATE" { return "that is a command of jams-register, which runs on the agent" }
    if let program = programs[first] { return program }
    if let switches = misspeltSwitch(words) { return switches }
    if let verb = verbs[first], let meant = SchedulerCommand.nearest([verb] + words.dropFirst()) {
      return "did you mean \(meant)?"
    }
    if agentctlCommands.contains(first) { return "agentctl \(first.lowercased()) does that, in the shell" }
    return nil
  }

  /// Returns how to write a switch that follows a command with hyphens, or without a slash.
  private static func misspeltSwitch(_ words: [String]) -> String? {
    let commands = SchedulerCommand.allCases.map(\.syntax)
    for count in stride(from: words.count - 1, to: 0, by: -1) {
      guard let command = commands.first(where: { $0.words.elementsEqual(words[..<count]) }) else { continue }
      let given = words[count].drop { $0 == "-" }.prefix { $0 != "=" }.filter { $0 != "-" && $0 != "_" }
      let known = command.switches.map(\.name)
      let name = nearestWord(to: given, among: known) ?? known.first { $0.hasPrefix(given) && given.count > 2 }
      if name == nil, !words[count].hasPrefix("-") { continue }
      return "switches begin with a slash" + (name.map { ": \(command.name) /\($0)" } ?? ", as in /MAKEDEFAULT")
    }
    return nil
  }

  /// The options of jams-register, in upper case.
  private static let agentOptions: Set = [
    "-I", "-R", "-L", "-X", "-E", "-V", "-Q", "-P", "-T", "-D", "-B", "-N", "-S", "--IMPORT", "--REQUEST", "--LISTENER",
    "--RENEW", "--ENV-DIFF", "--REMOVE-SOURCE", "--THUMBPRINT", "--VERIFY",
  ]

  private static let programs = Dictionary(
    uniqueKeysWithValues: ["JAMS-REGISTER", "AGENT-REGISTER", "JAMS-AGENTD", "AGENTD"].map {
      ($0, "\($0.lowercased()) is a program of its own: run it in a shell on the agent")
    }
      + ["AGENTCTL", "CURL", "OPENSSL", "SCP", "SYSTEMCTL"].map {
        ($0, "\($0.lowercased()) is a program of its own: EXIT leaves this prompt, then run it in the shell")
      }
      + ["SCHEDULER-REGISTER", "JAMSREGISTER", "JAMSREGISTER.EXE"].map {
        ($0, "give the command alone, without the program")
      })

  private static let verbs = [
    "SHOW": "LIST", "DISPLAY": "LIST", "GET": "LIST", "VIEW": "LIST", "LS": "LIST", "DELETE": "REMOVE", "DEL": "REMOVE",
    "RM": "REMOVE", "DROP": "REMOVE", "NEW": "CREATE", "MAKE": "CREATE", "GENERATE": "CREATE", "ISSUE": "CREATE",
    "REGISTER": "ADD", "LOAD": "IMPORT", "SAVE": "EXPORT", "UNREGISTER": "REMOVE",
  ]

  private static let agentctlCommands: Set = [
    "RUN", "SUBMIT", "SHOW", "JOBS", "LOGS", "WAIT", "CANCEL", "DELETE", "EVENTS", "AGENTS", "DISABLE", "ENABLE",
    "STATUS",
  ]
}
