import Synchronization

/// Whether there is a job that has not been cancelled yet.
final class InterruptionState: Sendable {
  private let isArmed = Mutex(false)

  /// Marks that there is a job to cancel.
  func arm() { isArmed.withLock { $0 = true } }

  /// Returns whether this is the first call since `arm()`.
  func isFirst() -> Bool {
    isArmed.withLock { isArmed in
      defer { isArmed = false }
      return isArmed
    }
  }
}
