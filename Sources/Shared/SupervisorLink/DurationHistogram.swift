import AgentProtocol
import Values

/// How long things took: how many took at most so long, and all together.
public struct DurationHistogram: Codable, Equatable, Sendable {
  /// Upper bounds of the first buckets, in seconds; the last bucket has none.
  public static let bounds: [Double] = [0.1, 1, 10, 60, 600, 3600, 21_600, 86_400]

  /// How many fell into each bucket and into none before it.
  public private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  /// All seconds together.
  public private(set) var sum = 0.0

  /// A histogram without anything in it.
  public init() {}

  /// Takes one in. A clock that was set back between begin and end makes no time less than none.
  public mutating func add(from begin: Timestamp, to end: Timestamp) {
    let seconds = max(0, Double(end.milliseconds - begin.milliseconds) / 1000)
    counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    sum += seconds
  }
}
