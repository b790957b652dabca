import CEdit
import CommandGrammar
import Glibc
import RegistrationCommands

/// The interactive prompt on a terminal: editing, history, and completion with Tab.
struct Prompt {
  private static let prompt = "scheduler> "
  private static let continuation = "         > "

  private let session: Session
  private var reader = CommandReader { command throws(GrammarError) in
    try SchedulerCommand.of(command.words).syntax.check(command)
  }

  private init(_ session: Session) {
    self.session = session
  }

  /// Prompts for commands until EXIT or the end of input (Ctrl-D).
  ///
  /// - Returns: 0: a failed command at a prompt is not a failure of the program.
  static func converse(_ session: Session) -> Int32 {
    var prompt = Prompt(session)
    prompt.converse()
    return EXIT_SUCCESS
  }

  private mutating func converse() {
    cedit_set_completion { word, _, _ in
      // Without this, libedit would complete file names if no word matches.
      cedit_end_completion()
      return word.flatMap { rl_completion_matches($0, nextCompletion) }
    }
    session.show(["HELP lists the commands, EXIT quits."])
    var line = Self.line(Self.prompt)
    while let present = line {
      if CommandReader.isEnd(present), !reader.isWaiting { break }
      if Self.isMoreThere {
        // The input was pasted: the next line may be part of this command.
        let next = Self.line(Self.continuation)
        take(present, next: next ?? "")
        line = next
      } else {
        take(present, next: nil)
        line = Self.line(reader.isWaiting ? Self.continuation : Self.prompt)
      }
    }
  }

  /// Whether another line follows immediately; no one types that fast.
  private static var isMoreThere: Bool {
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return poll(&input, 1, 20) > 0
  }

  private mutating func take(_ line: String, next: String?) {
    switch reader.take(line, next: next) {
    case .nothing: break
    case .incomplete(let lack): session.show(["\(lack): continue on the next line, or cancel with an empty one"])
    case .command(let text):
      _ = session.carryOut { () throws(GrammarError) in try ParsedCommand(text) }
    }
  }

  private static func line(_ prompt: String) -> String? {
    guard let text = readline(prompt) else { return nil }
    defer { free(text) }
    if text.pointee != 0 { add_history(text) }
    return String(cString: text)
  }
}

/// rl_completion_matches(3) calls it repeatedly until it returns none; `state` is 0 in the first call of a series.
private let nextCompletion: @convention(c) (UnsafePointer<CChar>?, Int32) -> UnsafeMutablePointer<CChar>? = {
  word, state in
  guard let word else { return nil }
  let matches = Vocabulary.completions(of: String(cString: word))
  return matches.indices.contains(Int(state)) ? strdup(matches[Int(state)]) : nil
}
