import SystemCalls
import Values

/// The reasons why the store could not be read or changed.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A system call failed.
  case system(SystemError)
  /// The store belongs to another user (user ID, and name if it has one): run as that user.
  case otherOwner(path: String, owner: UInt32, name: String?)
  /// Others can read or write what they must not; `remedy` is the command that fixes it.
  case insecure(path: String, fact: String, remedy: String)
  /// There is something that the store did not create, or something is missing.
  case damaged(path: String, fact: String)
  /// No private key is stored for that certificate.
  case noKey(Thumbprint, store: String)
  /// The change exceeds a limit: which, the actual value and the maximum.
  case full(path: String, fact: String)

  /// One line: path, fact, and remedy.
  public var description: String {
    switch self {
    case .system(let error): error.description
    case .otherOwner(let path, let owner, let name):
      "\(path): belongs to \(name.map { "user \($0)" } ?? "user ID \(owner)"); run this as that user"
    case .insecure(let path, let fact, let remedy): "\(path): \(fact); fix it with: \(remedy)"
    case .damaged(let path, let fact): "\(path): \(fact)"
    case .noKey(let thumbprint, let store): "\(store): no private key for the certificate \(thumbprint)"
    case .full(let path, let fact): "\(path): \(fact)"
    }
  }
}
