import CEdit
import CommandGrammar
import Glibc
import RegistrationCommands
import Synchronization

/// The interactive prompt on a terminal: editing, history, completion with Tab, and Ctrl-C, which cancels a line.
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
    LineEditor.start { [session] in session.scheduler.agentNames }
    session.show(["HELP lists the commands, EXIT quits."])
    var line = self.line()
    while let present = line {
      if CommandReader.isEnd(present), !reader.isWaiting { break }
      if Self.isMoreThere {
        // The input was pasted: the next line may be part of this command.
        let next = self.line(isContinuation: true)
        take(present, next: next ?? "")
        line = next
      } else {
        take(present, next: nil)
        line = self.line()
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
    case .incomplete(let lack): session.show(["\(lack): continue on the next line, or cancel with Ctrl-C"])
    case .late(let line, let whole?):
      session.complain(
        "\(line): too late, the command before has already run; all of it in one line would be: \(whole)")
    case .command(let text), .late(let text, nil):
      _ = session.carryOut { () throws(GrammarError) in try ParsedCommand(text) }
    }
  }

  /// Reads a line; nil at the end of input. A line that is cancelled also cancels those before it, which belong to the same command.
  private mutating func line(isContinuation: Bool = false) -> String? {
    while true {
      let prompt = reader.isWaiting || isContinuation ? Self.continuation : Self.prompt
      switch LineEditor.line(prompt, after: reader.pending) {
      case .text(let text): return text
      case .end: return nil
      case .cancelled:
        // The cursor is still in the line.
        session.show(["^C"])
        reader.cancel()
      }
    }
  }
}
