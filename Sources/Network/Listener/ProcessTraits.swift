import Logging
import Sandbox

/// What distinguishes the listener process from the other processes of the same executable.
enum ProcessTraits {
  /// Gives up all privileges that the listener no longer needs; see `Confinement`.
  static func confine(_ log: Logger) {
    for gap in Confinement.listener.enter() {
      log.warning("the listener is not fully confined: \(gap.consequence)", metadata: ["error": "\(gap.error)"])
    }
  }
}
