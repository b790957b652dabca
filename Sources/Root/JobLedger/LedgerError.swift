/// Why the ledger did not do what was asked.
public struct LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What the caller may want to tell apart.
  public enum Kind: Equatable, Sendable {
    /// Another process has the database open.
    case inUse
    /// A later version of agentd wrote the database.
    case newer
    /// The file is not a sound database of ours.
    case damaged
    /// The disk is full, or a quota is reached.
    case full
    /// There is a job of that id.
    case taken
    /// What is to be recorded of a job cannot happen in its state.
    case forbidden
    /// The cursor is none that a page gave.
    case badCursor
    /// Anything else: input/output error, no permission.
    case failed
  }

  /// What the caller may want to tell apart.
  public let kind: Kind
  /// One line for the log: which file, what is wrong, what to do.
  public let description: String

  /// An error of this kind.
  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
