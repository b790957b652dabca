import AgentProtocol

/// A batch of consecutive events.
public struct EventBatch: Codable, Equatable, Sendable {
  /// The changes, in order, that the client may see.
  public var changes: [Numbered]
  /// The position after the last event that was examined.
  public var position: EventPosition
  /// Whether earlier events are no longer known, or are of an earlier run: the client must then query the states of its jobs.
  public var isGap: Bool

  /// The maximum number of changes in a batch.
  public static let maximumChanges = 500
  /// The maximum time that a request may wait for a batch, in seconds.
  public static let maximumWait = 60.0

  /// A change and its number in the sequence.
  public struct Numbered: Codable, Equatable, Sendable {
    /// The event's number.
    public var number: UInt64
    /// The change of state.
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
