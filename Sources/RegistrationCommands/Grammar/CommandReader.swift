import CommandGrammar

/// Puts commands together from lines: one that goes on in the next line, as the article prints them, is one command.
public struct CommandReader: Sendable {
  /// What to do after a line.
  public enum Outcome: Equatable, Sendable {
    /// Nothing to do: an empty line, or a remark.
    case nothing
    /// The command is not complete yet.
    case incomplete(GrammarError)
    /// A command to carry out.
    case command(String)
  }

  private var pending = ""

  /// A reader without a line.
  public init() {}

  /// Whether the next line continues a command.
  public var isWaiting: Bool { !pending.isEmpty }

  /// Takes a line of which no more is known.
  ///
  /// - Parameter next: the line after it, where that is known: what begins with a slash belongs to the line before.
  public mutating func take(_ line: String, next: String? = nil) -> Outcome {
    let line = Self.trimmed(line)
    if line.isEmpty {
      defer { pending = "" }
      return pending.isEmpty ? .nothing : .command(pending)
    }
    if pending.isEmpty, line.hasPrefix("#") || line.hasPrefix("!") { return .nothing }
    pending += pending.isEmpty ? line : " \(line)"
    if let next, Self.trimmed(next).hasPrefix("/") { return .nothing }
    if next == nil, let missing = Self.missing(pending) { return .incomplete(missing) }
    defer { pending = "" }
    return .command(pending)
  }

  /// Forgets what it has of a command.
  public mutating func cancel() { pending = "" }

  /// What a command lacks that another line could bring.
  private static func missing(_ text: String) -> GrammarError? {
    do throws(GrammarError) {
      let parsed = try ParsedCommand(text)
      try SchedulerCommand.of(parsed.words).syntax.check(parsed)
    } catch {
      switch error {
      case .missing, .openQuote: return error
      default: break
      }
    }
    return nil
  }

  private static func trimmed(_ line: String) -> String {
    String(line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
