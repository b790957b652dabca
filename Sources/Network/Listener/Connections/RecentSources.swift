import ConnectionSource

/// The sources from which clients have lately proven who they are; bounded, the oldest gives way.
struct RecentSources {
  /// The most that are remembered.
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
