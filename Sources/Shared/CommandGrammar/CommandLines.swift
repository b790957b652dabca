/// The commands of lines that come one after another: a line that begins with a slash goes on with the one before. EXIT ends them.
public struct CommandLines: Sequence, IteratorProtocol {
  private var reader = CommandReader()
  private let nextLine: () -> String?
  private var line: String?

  /// - Parameter nextLine: gives each line once, then `nil`.
  public init(_ nextLine: @escaping () -> String?) {
    self.nextLine = nextLine
    line = nextLine()
  }

  /// The next command, as it was written.
  public mutating func next() -> String? {
    while let present = line {
      if !reader.isWaiting, CommandReader.isEnd(present) { return nil }
      line = nextLine()
      if case .command(let text) = reader.take(present, next: line ?? "") { return text }
    }
    return nil
  }
}
