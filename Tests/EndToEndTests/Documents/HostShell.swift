import SystemCalls
import TestSupport

/// A person at a shell on a host, who types what a document prints and answers questions.
final class HostShell {
  private let terminal: Terminal
  /// The prompt, which contains the exit status of the last command.
  private static var prompt: Regex<(Substring, Substring)> { #/\u{1}([0-9]+)\u{2}$/# }

  /// - Parameters:
  ///   - directory: the working directory; nil for /root.
  ///   - variables: added to the environment.
  init(_ host: SeparateHosts.Host, directory: String? = nil, variables: [String: String] = [:]) async throws {
    let settings = try host.folder.write(".shell", "PS1='\u{1}$?\u{2}' PS2=\n")
    let variables = variables.merging(["ENV": settings]) { $1 }
    terminal = try host.terminal("sh", "-i", directory: directory, variables: variables)
    try await terminal.expect("\u{1}0\u{2}")
  }

  /// Types a command and waits for the next prompt.
  ///
  /// - Parameters:
  ///   - answers: the text to type if the last line on the screen ends with the key.
  ///   - isEnough: whether the output so far is complete, for a command that stays in the foreground.
  /// - Returns: the lines of output and the exit status; nil if the command still runs.
  func type(
    _ command: String, answers: [String: String], until isEnough: ([String]) throws -> Bool = { _ in false }
  ) async throws -> (lines: [String], status: Int?) {
    try terminal.type(command + "\n")
    // The terminal echoes what is typed.
    for line in command.split(separator: "\n", omittingEmptySubsequences: false) {
      try await terminal.expect("\(line)\r\n")
    }
    var answered = 0
    do {
      return try await wait(for: "the end of \(command)") {
        let screen = terminal.unseen()
        if let match = screen.firstMatch(of: Self.prompt) {
          try await terminal.expect(screen)
          return (Self.lines(screen[..<match.range.lowerBound]), Int(match.1))
        }
        if let answer = answers.first(where: { screen.dropFirst(answered).hasSuffix($0.key) }) {
          answered = screen.count
          try terminal.type(answer.value + "\n")
        }
        return try isEnough(Self.lines(screen[...])) ? (Self.lines(screen[...]), nil) : nil
      }
    } catch let missed as DeadlineMissed {
      throw HarnessError("\(missed); it shows: \(terminal.unseen())")
    }
  }

  private static func lines(_ screen: Substring) -> [String] {
    var lines = screen.split(separator: "\r\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    // The last text counts if a program erases a line to show another.
    return lines.map { line in line.ranges(of: "\r\u{1b}[K").last.map { String(line[$0.upperBound...]) } ?? String(line)
    }
  }
}
