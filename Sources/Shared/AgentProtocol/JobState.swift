/// The state of a job.
public enum JobState: String, Codable, Sendable, CaseIterable {
  /// Durably recorded, not yet scheduled.
  case accepted
  /// Waiting for a free slot.
  case queued
  /// Ordered to start, or already running.
  case running
  /// Ended with exit code 0.
  case succeeded
  /// Ended with another exit code.
  case failed
  /// Ended by a signal that agentd did not send.
  case killed
  /// Ended by agentd because it timed out.
  case timedOut = "timed_out"
  /// Cancelled: ended by agentd, or never started.
  case cancelled
  /// Ended by agentd because it exceeded its output limit.
  case outputLimit = "output_limit"
  /// Never ran: its user, directory or program could not be used.
  case couldNotStart = "could_not_start"
  /// How it ended is unknown: the host crashed or the job's shepherd was killed. agentd never reruns it automatically.
  case interrupted

  /// Whether the state is final.
  public var isFinal: Bool {
    switch self {
    case .accepted, .queued, .running: false
    case .succeeded, .failed, .killed, .timedOut, .cancelled, .outputLimit, .couldNotStart, .interrupted: true
    }
  }
}
