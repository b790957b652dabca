/// What is wrong in a configuration file, and where.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, as an absolute path.
  public let file: String
  /// The line, counted from 1; `nil` where the whole file is meant.
  public let line: Int?
  /// The character in the line, counted from 1; `nil` where the message names the key.
  public let column: Int?
  /// Expectation, fact, and what to do.
  public let message: String

  public init(file: String, line: Int? = nil, column: Int? = nil, _ message: String) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }

  /// `FILE:LINE:COLUMN: MESSAGE`.
  public var description: String {
    let place = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
    return "\(file)\(place): \(message)"
  }
}
