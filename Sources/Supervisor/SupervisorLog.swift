import Logging

/// The supervisor's logger, shared by its parts so that a reload can change the level of them all.
final class SupervisorLog {
  /// What everybody logs to.
  var logger: Logger

  init(_ logger: Logger) {
    self.logger = logger
  }
}
