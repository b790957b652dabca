import CommandGrammar
import Console
import Glibc
import RegistrationCommands
import Wording

/// Executes commands and prints their answers.
struct Session {
  let scheduler: Scheduler

  /// Executes one command.
  ///
  /// - Returns: the exit status of the command; 0 if it succeeded.
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

  /// Executes the commands on standard input and stops at the first failure, because later commands may depend on it.
  ///
  /// - Returns: the exit status of the failed command; 0 if all succeeded.
  func carryOutStandardInput() -> Int32 {
    for text in CommandLines({ readLine(strippingNewline: true) }) {
      let status = carryOut { () throws(GrammarError) in try ParsedCommand(text) }
      if status != 0 { return status }
    }
    return EXIT_SUCCESS
  }

  /// Prints lines on standard output. A failure is ignored: there is no one left to tell, and the command has been executed.
  func show(_ lines: [String]) {
    try? StandardStream.output.write(Array(lines.map { printable($0) + "\n" }.joined().utf8))
  }

  /// Prints a complaint on standard error.
  func complain(_ text: String) { StandardStream.complain(text, "scheduler-register") }
}
