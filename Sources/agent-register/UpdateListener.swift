import AgentRegistration
import ArgumentParser
import CommandGrammar
import SecretInput
import SystemCalls

/// The article's command for an agent: UPDATE AGENT LISTENER /REQCERT /SERVER=... /NOALLOWSSPI /NOALLOWNONE /AGENTNAME=...
enum UpdateListener {
  private static let syntax = CommandSyntax(
    "UPDATE AGENT LISTENER", "requests this agent's certificate from the scheduler, and serves with it",
    [
      .init("REQCERT", required: true, "requests a certificate; the key is made here and stays here"),
      .init("SERVER", "HOST:PORT", required: true, "the scheduler's enrolment service; the port is 5774 unless given"),
      .init("AGENTNAME", "NAME", "how the scheduler knows this agent; without it, the host's name"),
      .init("NOALLOWSSPI", "no authentication by Active Directory; never allowed here"),
      .init("NOALLOWNONE", "no connection without authentication; never allowed here"),
      .init("CODEFILE", "FILE", "the enrolment code is this file's first line; without it, it is asked for"),
    ])

  /// The arguments of `-R -s`, if the command line is the article's; the same otherwise.
  ///
  /// - Throws: `ValidationError` for one that is not complete, or has what it cannot have.
  static func options(for arguments: [String]) throws -> [String] {
    do throws(GrammarError) { return try translated(arguments) } catch { throw ValidationError(error.description) }
  }

  private static func translated(_ arguments: [String]) throws(GrammarError) -> [String] {
    let start = arguments.firstIndex { $0.split(separator: " ").first?.uppercased() == "UPDATE" }
    guard let start, start == 0 || arguments[..<start].allSatisfy({ !$0.hasPrefix("/") }) else { return arguments }
    let command = try ParsedCommand(arguments: Array(arguments[start...]))
    guard command.words == syntax.words else {
      throw .unknownCommand(command.words.joined(separator: " "), hint: "there is \(syntax.name)")
    }
    try syntax.check(command)
    func value(_ name: String) -> String? { command.switches.first { $0.name == name }?.value }
    let name = value("AGENTNAME").map { ["-n", $0] } ?? []
    let code = value("CODEFILE").map { ["-P", $0] } ?? []
    return Array(arguments[..<start]) + ["-R", "-s", value("SERVER") ?? ""] + name + code
  }
}
