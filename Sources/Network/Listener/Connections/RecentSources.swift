import ConnectionSource

/// The sources from which clients have recently authenticated; bounded, the oldest is evicted.
struct RecentSources {
  /// The maximum number of sources remembered.
  static let limit = 1024

  private var turns: [Source: UInt64] = [:]
  private var turn: UInt64 = 0

  func contains(_ source: Source) -> Bool { turns[source] != nil }

  mutating func note(_ source: Source) {
    turn += 1
    if turns[source] == nil, turns.count >= Self.limit, let oldest = turns.min(by: { $0.value < $1.value }) {
      turns.removeValue(forKey: oldest.key)
    }
    turns[source] = turn
  }
}
