/// The schedule for retries of a request: soon at first, then less and less often, until patience has run out.
///
/// Randomised, so that the clients of an agent do not all return at the same moment.
struct RetrySchedule {
  private static let first = 0.05
  private static let longest = 2.0

  /// The time in seconds after which the waiting user is told why.
  private static let silence = 2.0

  private let patience: Double
  private var retrying: (@Sendable (AgentError) -> Void)?
  private var delay = first
  private var lastSuccess = ContinuousClock.now

  init(_ limits: ClientLimits) {
    patience = limits.patience
    retrying = limits.retrying
  }

  /// Records a success, which resets patience and delay.
  mutating func succeeded() {
    delay = Self.first
    lastSuccess = .now
  }

  /// Waits until the next attempt is due.
  ///
  /// - Throws: `error` if it is not temporary or patience has run out; `CancellationError`.
  mutating func wait(after error: AgentError) async throws {
    guard error.mayPass, lastSuccess.duration(to: .now) < .seconds(patience) else { throw error }
    if let retrying, lastSuccess.duration(to: .now) > .seconds(Self.silence) {
      retrying(error)
      self.retrying = nil
    }
    try await Task.sleep(for: .seconds(delay * Double.random(in: 0.5...1)))
    delay = min(delay * 2, Self.longest)
  }
}
