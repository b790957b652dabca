import Synchronization

/// A number that only grows; counted from any thread without a lock.
final class Counter: Sendable {
  private let value = Atomic<UInt64>(0)

  /// How often it was counted.
  var count: UInt64 { value.load(ordering: .relaxed) }

  /// Counts one more.
  func add() { value.add(1, ordering: .relaxed) }
}
