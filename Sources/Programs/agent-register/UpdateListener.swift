import AgentRegistration
import ArgumentParser
import CommandGrammar
import Console
import Glibc
import SystemCalls
import Wording

/// The command of the article for an agent: UPDATE AGENT LISTENER /REQCERT /SERVER=... /NOALLOWSSPI /NOALLOWNONE /AGENTNAME=...
enum UpdateListener {
  private static let syntax = CommandSyntax(
    "UPDATE AGENT LISTENER", "requests this agent's certificate from the scheduler and serves with it",
    [
      .init("REQCERT", required: true, "requests a certificate; the key is made here and stays here"),
      .init("SERVER", "HOST:PORT", required: true, "the scheduler's enrolment service; default port: 5774"),
      .init("AGENTNAME", "NAME", "this agent's name at the scheduler; default: the host's name"),
      .init("NOALLOWSSPI", "no authentication by Active Directory; never allowed here"),
      .init("NOALLOWNONE", "no connection without authentication; never allowed here"),
      .init("CODEFILE", "FILE", "a file whose first line is the enrolment code; without it, you are asked"),
    ])

  /// Returns the options for each command.
  ///
  /// If the command line is in the article's language, these are the corresponding `-R -s`. If it has no action and standard input is not a
  /// terminal, they are those of the commands on standard input. Otherwise they are the command line itself.
  ///
  /// - Throws: `ValidationError` for a command that is incomplete or has unsupported switches; of several commands none is executed then.
  static func options(for arguments: [String]) throws -> [[String]] {
    if let answer = misplacedSwitch(arguments) { throw ValidationError(answer) }
    do {
      if let start = arguments.firstIndex(where: isCommand), !arguments[..<start].contains(where: { $0.hasPrefix("/") })
      {
        let command = try ParsedCommand(arguments: Array(arguments[start...]))
        return [try arguments[..<start] + translated(command)]
      }
      guard isatty(STDIN_FILENO) == 0, (try? GeneralOptions.parse(arguments)) != nil else { return [arguments] }
      let commands = try standardInput()
      return try commands.isEmpty ? [arguments] : commands.map { try arguments + translated(ParsedCommand($0)) }
    } catch let error as GrammarError {
      throw ValidationError(error.description)
    }
  }

  /// Returns what is wrong if the command line begins with a switch of the command.
  private static func misplacedSwitch(_ arguments: [String]) -> String? {
    guard let first = arguments.first, first.hasPrefix("/"),
      syntax.switches.contains(where: { "/\($0.name)" == first.uppercased().prefix { $0 != "=" } })
    else { return nil }
    return "\(first) is a switch of the command \(syntax.name), which comes before it"
  }

  private static func isCommand(_ argument: String) -> Bool {
    ["UPDATE", "HELP"].contains(argument.split(separator: " ").first?.uppercased() ?? "")
  }

  private static func standardInput() throws -> [String] {
    let input = FileDescriptor(owning: try checked("dup", "standard input") { dup(STDIN_FILENO) })
    let bytes = try input.readAll(limit: ParsedCommand.maximumBytes, "standard input")
    var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)[...]
    return Array(CommandLines { lines.popFirst().map(String.init) })
  }

  private static func translated(_ command: ParsedCommand) throws -> [String] {
    if command.words.first == "HELP" { throw CleanExit.message(syntax.help.joined(separator: "\n")) }
    guard command.words == syntax.words else {
      throw GrammarError.unknownCommand(command.words.joined(separator: " "), hint: "there is \(syntax.name)")
    }
    try syntax.check(command)
    func value(_ name: String) -> String? { command.switches.first { $0.name == name }?.value }
    let name = value("AGENTNAME").map { ["-n", $0] } ?? []
    let code = value("CODEFILE").map { ["-P", $0] } ?? []
    return ["-R", "-s", value("SERVER") ?? ""] + name + code
  }
}
