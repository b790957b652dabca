/// The reason why an operation of the ledger failed.
public struct LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kinds of errors that a caller may have to distinguish.
  public enum Kind: Equatable, Sendable {
    /// Another process has the database open.
    case inUse
    /// A later version of agentd wrote the database.
    case newer
    /// The file is not an intact database of agentd.
    case damaged
    /// The disk is full, or a quota has been reached.
    case full
    /// The disk cannot be written or read: it is read-only, or has errors.
    case diskFails
    /// There is, or was, a job with that ID.
    case taken
    /// The job's state does not allow the event.
    case forbidden
    /// The cursor does not come from a page.
    case badCursor
    /// Any other error, such as missing permission.
    case failed
  }

  /// The kind of the error.
  public let kind: Kind
  /// One line for the log: the file, what is wrong, what to do.
  public let description: String

  /// What is wrong with the disk, without a path: for clients; `nil` if the disk is not the cause.
  public let cause: String?

  /// Creates an error of this kind.
  init(_ kind: Kind, _ description: String, cause: String? = nil) {
    self.kind = kind
    self.description = description
    self.cause = cause
  }
}
