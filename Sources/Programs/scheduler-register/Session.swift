import CommandGrammar
import Console
import Glibc
import RegistrationCommands
import Wording

/// Carries out commands and shows what they answer.
struct Session {
  let scheduler: Scheduler

  /// Carries out one command.
  ///
  /// - Returns: the exit status it leads to; 0 if it succeeded.
  func carryOut(_ parse: () throws(GrammarError) -> ParsedCommand) -> Int32 {
    do {
      let answer = try scheduler.carryOut(try parse())
      show(answer.lines)
      for warning in answer.warnings { complain("warning: \(warning)") }
      return EXIT_SUCCESS
    } catch {
      let error = CommandError(error)
      complain(error.description)
      return error.status.rawValue
    }
  }

  /// Carries out the commands of standard input, to the first that fails: what follows may rely on it.
  ///
  /// - Returns: that one's exit status; 0 if all succeeded.
  func carryOutStandardInput() -> Int32 {
    for text in CommandLines({ readLine(strippingNewline: true) }) {
      let status = carryOut { () throws(GrammarError) in try ParsedCommand(text) }
      if status != 0 { return status }
    }
    return EXIT_SUCCESS
  }

  /// Lines on standard output. If that fails there is nobody to tell: what was asked for is done.
  func show(_ lines: [String]) {
    try? StandardStream.output.write(Array(lines.map { printable($0) + "\n" }.joined().utf8))
  }

  private func complain(_ text: String) { StandardStream.complain(text, "scheduler-register") }
}
