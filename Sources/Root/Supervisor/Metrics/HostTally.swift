import AgentProtocol
import SupervisorLink
import Values

/// The counters of the supervisor since its start. They outlive every listener.
final class HostTally {
  private let startedAt = Timestamp.now()
  private var ended: [JobState: UInt64] = [:]
  private var waited = DurationHistogram()
  private var ran = DurationHistogram()
  /// The number of accepted jobs.
  var submitted: UInt64 = 0
  /// The number of reloads after which the new configuration is in use.
  var reloads: UInt64 = 0
  /// The number of reloads after which the old one stayed in use.
  var failedReloads: UInt64 = 0
  /// Counts the restarts of listeners.
  weak var listeners: ListenerSupervision?
  /// Counts the renewals of the listener's certificate.
  weak var renewal: CertificateRenewal?
  /// Counts the requests for newer revocation lists, and makes one when a client asks.
  weak var refresh: RevocationRefresh?

  /// Counts a job that has reached a final state.
  func jobEnded(_ status: JobStatus) {
    ended[status.state, default: 0] += 1
    guard let start = status.startedAt, let end = status.finishedAt else { return }
    waited.add(from: status.submittedAt, to: start)
    ran.add(from: start, to: end)
  }

  /// Returns all figures at this moment.
  func figures(_ capacity: Capacity) -> HostFigures {
    var figures = HostFigures(startedAt: startedAt, capacity: capacity)
    figures.submitted = submitted
    figures.ended = JobState.allCases.filter(\.isFinal).map { .init(state: $0, count: ended[$0] ?? 0) }
    figures.waited = waited
    figures.ran = ran
    figures.listenerRestarts = listeners?.restarts ?? 0
    figures.reloads = reloads
    figures.failedReloads = failedReloads
    figures.renewals = renewal?.successes ?? 0
    figures.failedRenewals = renewal?.failures ?? 0
    figures.nextRenewal = renewal?.nextAttempt
    figures.refreshes = refresh?.successes ?? 0
    figures.failedRefreshes = refresh?.failures ?? 0
    figures.lastRefresh = refresh?.lastSuccess
    figures.processes = ProcessFigures.all([("supervisor", ProcessFigures.own)] + (listeners?.processes ?? []))
    figures.openDescriptors = ProcessFigures.openDescriptors
    return figures
  }
}
