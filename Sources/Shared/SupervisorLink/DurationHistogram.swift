import AgentProtocol
import Values

/// A histogram of durations.
public struct DurationHistogram: Codable, Equatable, Sendable {
  /// The upper bounds of the buckets, in seconds; the last bucket has none.
  public static let bounds: [Double] = [0.1, 1, 10, 60, 600, 3600, 21_600, 86_400]

  /// The number of durations in each bucket, not cumulative.
  public private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  /// The sum of all durations, in seconds.
  public private(set) var sum = 0.0

  /// Creates an empty histogram.
  public init() {}

  /// Adds a duration. If the clock was set back between begin and end, the duration counts as 0.
  public mutating func add(from begin: Timestamp, to end: Timestamp) {
    let seconds = max(0, Double(end.milliseconds - begin.milliseconds) / 1000)
    counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    sum += seconds
  }
}
