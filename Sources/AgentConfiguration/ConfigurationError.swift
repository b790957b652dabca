/// What is wrong in a configuration file, and where.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, as an absolute path.
  public let file: String
  /// The line, counted from 1; `nil` where the whole file is meant.
  public let line: Int?
  /// Expectation, fact, and what to do.
  public let message: String

  /// An error of these parts.
  public init(file: String, line: Int? = nil, _ message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  /// `FILE:LINE: MESSAGE`.
  public var description: String {
    if let line { "\(file):\(line): \(message)" } else { "\(file): \(message)" }
  }
}
