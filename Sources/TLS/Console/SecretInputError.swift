/// Why a secret could not be read.
public enum SecretInputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The process has no terminal.
  case noTerminal
  /// A file cannot be opened: its name, then the reason and what to do.
  case cannotOpen(String, String)
  /// The input is larger than the limit, in bytes.
  case tooLarge(String, limit: Int)
  /// The input is not a password: its name, then the reason.
  case noPassword(String, String)
  /// Reading the input failed.
  case failed(String, String)

  /// One line.
  public var description: String {
    switch self {
    case .noTerminal: "there is no terminal to ask for the password"
    case .tooLarge(let name, let limit): "\(name): is larger than \(limit) bytes; check the file's name"
    case .cannotOpen(let name, let fact), .noPassword(let name, let fact), .failed(let name, let fact):
      "\(name): \(fact)"
    }
  }
}
