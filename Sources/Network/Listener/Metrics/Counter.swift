import Synchronization

/// A number that only grows. Any thread may count, without a lock.
final class Counter: Sendable {
  private let value = Atomic<UInt64>(0)

  /// The number of times `add` was called.
  var count: UInt64 { value.load(ordering: .relaxed) }

  /// Adds one.
  func add() { value.add(1, ordering: .relaxed) }
}
