/// What can happen to a job. `JobState.after(_:)` says whether it can happen in a given state, and which state follows.
public enum JobEvent: String, CaseIterable, Sendable {
  /// There is no free slot for another running job.
  case noPlaceIsFree
  /// There is a free slot; the job is ordered to start.
  case start
  /// It exited with code 0.
  case exitWithZero
  /// It exited with another code.
  case exitWithOther
  /// A signal that agentd did not send ended it.
  case signal
  /// It timed out, and agentd ended it.
  case timeout
  /// It was cancelled, and agentd ended it or will not start it.
  case cancel
  /// It wrote more than its output limit, and agentd ended it.
  case outputLimit
  /// Its user, directory or program could not be used.
  case refusedStart
  /// How it ended will never be known.
  case loss

  /// Creates the event that takes a running job to a final state; returns `nil` if the state is not final.
  public init?(endingIn state: JobState) {
    guard let event = Self.allCases.first(where: { JobState.running.after($0) == state }) else { return nil }
    self = event
  }
}

extension JobState {
  /// All transitions. Nothing follows a final state: once the end of a job is reported, it does not change.
  private static let transitions: [JobState: [JobEvent: JobState]] = [
    .accepted: [.noPlaceIsFree: .queued, .start: .running, .cancel: .cancelled],
    .queued: [.start: .running, .cancel: .cancelled],
    .running: [
      .exitWithZero: .succeeded, .exitWithOther: .failed, .signal: .killed, .timeout: .timedOut, .cancel: .cancelled,
      .outputLimit: .outputLimit, .refusedStart: .couldNotStart, .loss: .interrupted,
    ],
  ]

  /// Returns the state that follows this one when `event` happens; `nil` if it cannot happen in this state.
  public func after(_ event: JobEvent) -> JobState? { Self.transitions[self]?[event] }
}
