/// An error in a configuration file, and its location.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The absolute path of the file.
  public let file: String
  /// The line, counted from 1; `nil` if the error concerns the whole file.
  public let line: Int?
  /// The character in the line, counted from 1; `nil` if the message names the key.
  public let column: Int?
  /// What was expected, what was found, and what to do.
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
