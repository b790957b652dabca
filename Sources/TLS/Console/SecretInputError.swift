/// Why a secret could not be read.
public enum SecretInputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The process has no terminal to ask on.
  case noTerminal
  /// The file of that name cannot be opened; why, and what to do.
  case cannotOpen(String, String)
  /// It holds more bytes than are read.
  case tooLarge(String, limit: Int)
  /// It is no password; why not.
  case noPassword(String, String)
  /// Reading it failed.
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
