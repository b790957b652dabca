/// Where a job is on its way.
public enum JobState: String, Codable, Sendable, CaseIterable {
  /// Durably recorded, not yet looked at.
  case accepted
  /// Waits for a place among the running jobs.
  case queued
  /// Ordered to start, or running.
  case running
  /// Ended with exit code 0.
  case succeeded
  /// Ended with another exit code.
  case failed
  /// Ended by a signal that agentd did not send.
  case killed
  /// Ended by agentd because its time was over.
  case timedOut = "timed_out"
  /// Ended by agentd, or never started, because somebody cancelled it.
  case cancelled
  /// Ended by agentd because it wrote more than it may.
  case outputLimit = "output_limit"
  /// Never ran: its user, directory or program could not be used.
  case couldNotStart = "could_not_start"
  /// How it ended is unknown: the host crashed or its shepherd was killed. It is never run again by itself.
  case interrupted

  /// Whether nothing will change any more.
  public var isFinal: Bool {
    switch self {
    case .accepted, .queued, .running: false
    case .succeeded, .failed, .killed, .timedOut, .cancelled, .outputLimit, .couldNotStart, .interrupted: true
    }
  }
}
