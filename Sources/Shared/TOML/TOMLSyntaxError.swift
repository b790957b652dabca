/// Why a document is no TOML, or none that is read here.
public struct TOMLSyntaxError: Error, Equatable, Sendable {
  /// The line, counted from 1.
  public let line: Int
  /// The character in the line, counted from 1.
  public let column: Int
  /// Expectation and fact: one line, without anything that could steer a terminal.
  public let message: String

  public init(line: Int, column: Int, _ message: String) {
    self.line = line
    self.column = column
    self.message = message
  }
}
