/// When a request is tried again: at first soon, then ever more rarely, until patience is over. Random, so that many clients of
/// an agent that comes back do not come all at once.
struct RetrySchedule {
  private static let first = 0.05
  private static let longest = 2.0

  /// Seconds after which whoever waits is told why.
  private static let silence = 2.0

  private let patience: Double
  private var retrying: (@Sendable (AgentError) -> Void)?
  private var delay = first
  private var lastSuccess = ContinuousClock.now

  init(_ limits: ClientLimits) {
    patience = limits.patience
    retrying = limits.retrying
  }

  /// Something went well: patience and delay begin anew.
  mutating func succeeded() {
    delay = Self.first
    lastSuccess = .now
  }

  /// Waits until the next attempt is due.
  ///
  /// - Throws: `error` if it will not pass or patience is over; `CancellationError`.
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
