import CEdit
import Glibc
import RegistrationCommands
import Synchronization

/// A line of a terminal, with the editor of libedit.
enum LineEditor {
  enum Outcome {
    case text(String)
    /// The end of input.
    case end
    /// Ctrl-C was typed.
    case cancelled
  }

  private struct State {
    /// The lines before, which belong to the same command.
    var before = ""
    var isCancelled = false
    var matches: [String] = []
    var agents: @Sendable () -> [String] = { [] }
  }

  /// The code of Ctrl-C.
  private static let interrupt: Int32 = 3
  /// _POSIX_VDISABLE on Linux: the character that a terminal's function has if it has none.
  private static let disabled: UInt8 = 0
  private static let state = Mutex(State())

  /// Prepares the terminal.
  ///
  /// - Parameter agents: returns the names that complete /AGENTNAME=.
  static func start(agents: @escaping @Sendable () -> [String]) {
    state.withLock { $0.agents = agents }
    cedit_set_completion { word, start, _ in LineEditor.complete(word, Int(start)) }
    withInterruptAsKey {
      rl_initialize()
      rl_add_defun(
        "cancel-line",
        { _, _ in
          LineEditor.cancel()
          return 0
        }, interrupt)
    }
  }

  /// Reads a line and adds it to the history.
  ///
  /// - Parameter before: the lines before it, which belong to the same command.
  static func line(_ prompt: String, after before: String) -> Outcome {
    state.withLock {
      $0.before = before
      $0.isCancelled = false
    }
    return withInterruptAsKey {
      let text = readline(prompt)
      if state.withLock(\.isCancelled) {
        free(text)
        return .cancelled
      }
      guard let text else { return .end }
      defer { free(text) }
      if text.pointee != 0 { add_history(text) }
      return .text(String(cString: text))
    }
  }

  /// Makes Ctrl-C a key like others during `body`; a command that runs is ended by it as usual.
  private static func withInterruptAsKey<Value>(_ body: () -> Value) -> Value {
    var settings = termios()
    guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return body() }
    let interrupt = cedit_set_interrupt(&settings, Self.disabled)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    defer {
      if tcgetattr(STDIN_FILENO, &settings) == 0 {
        _ = cedit_set_interrupt(&settings, interrupt)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
      }
    }
    return body()
  }

  private static func cancel() {
    state.withLock { $0.isCancelled = true }
    cedit_end_line()
  }

  private static func complete(
    _ word: UnsafePointer<CChar>?, _ start: Int
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    guard let word else { return nil }
    let line = cedit_line().map { UnsafeRawBufferPointer(start: $0, count: min(start, strlen($0))) }
    let (before, agents) = state.withLock { ($0.before, $0.agents) }
    let text = before + " " + (line.map { String(decoding: $0, as: UTF8.self) } ?? "")
    guard let matches = Vocabulary.completions(of: String(cString: word), after: text, agents: agents) else {
      // libedit completes the name of a file.
      cedit_append(0x20)
      return nil
    }
    cedit_end_completion()
    cedit_append(matches.count == 1 && matches[0].hasSuffix("=") ? 0 : 0x20)
    state.withLock { $0.matches = matches }
    return rl_completion_matches(word) { _, index in LineEditor.match(Int(index)) }
  }

  /// rl_completion_matches(3) asks for one match after the other, until there is none.
  private static func match(_ index: Int) -> UnsafeMutablePointer<CChar>? {
    let matches = state.withLock(\.matches)
    return matches.indices.contains(index) ? strdup(matches[index]) : nil
  }
}
