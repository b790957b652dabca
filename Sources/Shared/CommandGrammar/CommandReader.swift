/// Assembles commands from lines: a command that continues on the next line, as printed in the article, is one command.
public struct CommandReader: Sendable {
  /// The result of reading a line.
  public enum Outcome: Equatable, Sendable {
    /// Nothing to do: an empty line or a comment.
    case nothing
    /// The command is incomplete.
    case incomplete(GrammarError)
    /// A command to execute.
    case command(String)
    /// The line begins with a slash, but the command before it has been executed; `whole` is that with this line, if there was one.
    case late(String, whole: String?)
  }

  /// Throws if a command lacks something or has something it must not have.
  public typealias Check = @Sendable (ParsedCommand) throws(GrammarError) -> Void

  private let check: Check
  /// The lines of a command that is incomplete, joined.
  public private(set) var pending = ""
  private var last: String?

  /// Creates a reader that has read no line.
  ///
  /// - Parameter check: determines whether a command is complete if the line after it is not known.
  public init(_ check: @escaping Check = { _ in }) {
    self.check = check
  }

  /// Returns whether a line ends the session.
  public static func isEnd(_ line: String) -> Bool { ["EXIT", "QUIT"].contains(trimmed(line).uppercased()) }

  /// Whether the next line continues a command.
  public var isWaiting: Bool { !pending.isEmpty }

  /// Reads a line.
  ///
  /// - Parameter next: the line after it, if known: a line that begins with a slash belongs to the line before.
  public mutating func take(_ line: String, next: String? = nil) -> Outcome {
    let line = Self.trimmed(line)
    if line.isEmpty { return pending.isEmpty ? .nothing : complete() }
    if pending.isEmpty, line.hasPrefix("#") || line.hasPrefix("!") { return .nothing }
    if pending.isEmpty, line.hasPrefix("/") {
      last = last.map { "\($0) \(line)" }
      return .late(line, whole: last)
    }
    pending += pending.isEmpty ? line : " \(line)"
    if let next, Self.trimmed(next).hasPrefix("/") { return .nothing }
    if next == nil, let missing = missing(pending) { return .incomplete(missing) }
    return complete()
  }

  private mutating func complete() -> Outcome {
    defer { pending = "" }
    last = pending
    return .command(pending)
  }

  /// Discards an incomplete command.
  public mutating func cancel() { pending = "" }

  /// Returns what a command lacks and another line could supply.
  private func missing(_ text: String) -> GrammarError? {
    do throws(GrammarError) { try check(try ParsedCommand(text)) } catch {
      switch error {
      case .missing, .openQuote, .needsOne(_, _, given: 0): return error
      default: break
      }
    }
    return nil
  }

  private static func trimmed(_ line: String) -> String {
    String(line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
