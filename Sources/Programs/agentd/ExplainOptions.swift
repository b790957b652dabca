import ArgumentParser
import Supervisor

/// The options for a decision that `agentd -t` explains instead of its check.
struct ExplainOptions: ParsableArguments {
  @Option(
    name: .customLong("as"), parsing: .singleValue,
    help: ArgumentHelp(
      "With -t: may this client run that? 0 yes, 77 no.",
      valueName: "client"))
  var clients: [String] = []

  @Option(
    name: .customLong("user"), help: ArgumentHelp("With --as: the user that the job would name.", valueName: "user"))
  var user: String?

  @Option(
    name: .customLong("group"), help: ArgumentHelp("With --as: the group that it would name.", valueName: "group"))
  var group: String?

  @Option(name: .customLong("pool"), help: ArgumentHelp("With --as: the pool that it would name.", valueName: "pool"))
  var pool: String?

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("With --as: program and arguments, after --.", valueName: "command"))
  var command: [String] = []

  /// Returns the question; `nil` if there is none.
  func question(_ isCheck: Bool) throws -> PolicyQuestion? {
    if clients.isEmpty {
      let stray = [("--user", user), ("--group", group), ("--pool", pool), ("a command", command.first)]
      if let name = stray.first(where: { $0.1 != nil })?.0 { throw ValidationError("\(name) needs -t --as CLIENT") }
      return nil
    }
    guard isCheck else { throw ValidationError("--as needs -t: agentd -t --as CLIENT --user USER -- COMMAND") }
    return PolicyQuestion(clients: clients, user: user, group: group, pool: pool, command: command)
  }
}
