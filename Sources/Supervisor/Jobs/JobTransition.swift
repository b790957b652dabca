import AgentProtocol

extension JobState {
  /// The states that may follow this one. Nothing follows a final state.
  var successors: Set<JobState> {
    switch self {
    case .accepted: [.queued, .running, .cancelled]
    case .queued: [.running, .cancelled]
    case .running:
      [.succeeded, .failed, .killed, .timedOut, .cancelled, .outputLimit, .couldNotStart, .interrupted]
    case .succeeded, .failed, .killed, .timedOut, .cancelled, .outputLimit, .couldNotStart, .interrupted: []
    }
  }
}
