/// What can happen to a job. Whether it can in a given state, and which state follows, is for `JobState.after(_:)` to say.
public enum JobEvent: String, CaseIterable, Sendable {
  /// No place among the running jobs is free.
  case noPlaceIsFree
  /// A place is free: it is ordered to start.
  case start
  /// It exited with code 0.
  case exitWithZero
  /// It exited with another code.
  case exitWithOther
  /// A signal that agentd did not send ended it.
  case signal
  /// Its time was over, and agentd ended it.
  case timeout
  /// Somebody cancelled it, and agentd ended it or will not start it.
  case cancel
  /// It wrote more than it may, and agentd ended it.
  case outputLimit
  /// Its user, directory or program could not be used.
  case refusedStart
  /// How it ended will never be known.
  case loss

  /// The event by which a running job comes to a final state; `nil` for a state that is not final.
  public init?(endingIn state: JobState) {
    guard let event = Self.allCases.first(where: { JobState.running.after($0) == state }) else { return nil }
    self = event
  }
}

extension JobState {
  /// Every transition that there is. Nothing follows a final state: what was told of an end stays true.
  private static let transitions: [JobState: [JobEvent: JobState]] = [
    .accepted: [.noPlaceIsFree: .queued, .start: .running, .cancel: .cancelled],
    .queued: [.start: .running, .cancel: .cancelled],
    .running: [
      .exitWithZero: .succeeded, .exitWithOther: .failed, .signal: .killed, .timeout: .timedOut, .cancel: .cancelled,
      .outputLimit: .outputLimit, .refusedStart: .couldNotStart, .loss: .interrupted,
    ],
  ]

  /// The state that follows this one when `event` happens; `nil` if it cannot happen now.
  public func after(_ event: JobEvent) -> JobState? { Self.transitions[self]?[event] }
}
