/// Assembles commands from a sequence of lines: a line that begins with a slash continues the one before. EXIT ends the sequence.
public struct CommandLines: Sequence, IteratorProtocol {
  private var reader = CommandReader()
  private let nextLine: () -> String?
  private var line: String?

  /// Creates a sequence of commands.
  ///
  /// - Parameter nextLine: returns each line once, then `nil`.
  public init(_ nextLine: @escaping () -> String?) {
    self.nextLine = nextLine
    line = nextLine()
  }

  /// Returns the next command, as it was written.
  public mutating func next() -> String? {
    while let present = line {
      if !reader.isWaiting, CommandReader.isEnd(present) { return nil }
      line = nextLine()
      switch reader.take(present, next: line ?? "") {
      case .command(let text), .late(let text, _): return text
      case .nothing, .incomplete: break
      }
    }
    return nil
  }
}
