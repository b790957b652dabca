import AgentProtocol

/// Events one after another.
public struct EventBatch: Codable, Equatable, Sendable {
  /// What happened, in order, as far as the client may see it.
  public var changes: [Numbered]
  /// The place behind all that was looked at.
  public var position: EventPosition
  /// Whether events before these are not known any more, or of an earlier run: the jobs' states have to be asked for.
  public var isGap: Bool

  /// The most changes of a batch.
  public static let maximumChanges = 500
  /// Seconds that a batch may be waited for.
  public static let maximumWait = 60.0

  /// A change with its number in the sequence.
  public struct Numbered: Codable, Equatable, Sendable {
    /// The number.
    public var number: UInt64
    /// The change.
    public var change: StateChange

    public init(number: UInt64, change: StateChange) {
      self.number = number
      self.change = change
    }
  }

  public init(changes: [Numbered], position: EventPosition, isGap: Bool) {
    self.changes = changes
    self.position = position
    self.isGap = isGap
  }
}
