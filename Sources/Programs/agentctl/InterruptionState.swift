import Synchronization

/// Whether there is a job to be cancelled that has not been yet.
final class InterruptionState: Sendable {
  private let isArmed = Mutex(false)

  /// There is a job now.
  func arm() { isArmed.withLock { $0 = true } }

  /// Whether this is the first time since then.
  func isFirst() -> Bool {
    isArmed.withLock { isArmed in
      defer { isArmed = false }
      return isArmed
    }
  }
}
