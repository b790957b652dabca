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

  /// Throws what a command lacks, or has too much of.
  public typealias Check = @Sendable (ParsedCommand) throws(GrammarError) -> Void

  private let check: Check
  private var pending = ""

  /// A reader without a line.
  ///
  /// - Parameter check: by which it is known whether a command goes on in a line of which no more is known.
  public init(_ check: @escaping Check = { _ in }) {
    self.check = check
  }

  /// Whether a line ends the conversation.
  public static func isEnd(_ line: String) -> Bool { ["EXIT", "QUIT"].contains(trimmed(line).uppercased()) }

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
    if next == nil, let missing = missing(pending) { return .incomplete(missing) }
    defer { pending = "" }
    return .command(pending)
  }

  /// Forgets what it has of a command.
  public mutating func cancel() { pending = "" }

  /// What a command lacks that another line could bring.
  private func missing(_ text: String) -> GrammarError? {
    do throws(GrammarError) { try check(try ParsedCommand(text)) } catch {
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
