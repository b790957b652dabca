import CommandGrammar
import Glibc
import RegistrationCommands
import SystemCalls
import Wording

/// Carries out commands and shows what they answer.
struct Console {
  let scheduler: Scheduler

  init(_ scheduler: Scheduler) {
    self.scheduler = scheduler
  }

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

  /// Lines on standard output.
  func show(_ lines: [String]) {
    write(lines.map { printable($0) + "\n" }.joined(), to: STDOUT_FILENO)
  }

  /// One line on standard error, after the program's name.
  func complain(_ text: String) {
    write("scheduler-register: \(printable(text))\n", to: STDERR_FILENO)
  }

  private func write(_ text: String, to number: Int32) {
    // If that fails there is nobody to tell.
    guard let raw = try? checked("dup", nil, { dup(number) }) else { return }
    try? FileDescriptor(owning: raw).writeAll(Array(text.utf8))
  }
}
