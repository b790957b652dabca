import AgentProtocol
import SupervisorLink
import Values

/// What the supervisor has counted since its start. It outlives every listener.
final class HostTally {
  private let startedAt = Timestamp.now()
  private var ended: [JobState: UInt64] = [:]
  private var waited = DurationHistogram()
  private var ran = DurationHistogram()
  /// Jobs that were taken in.
  var submitted: UInt64 = 0
  /// Reloads after which the new configuration served.
  var reloads: UInt64 = 0
  /// Reloads after which the old one stayed.
  var failedReloads: UInt64 = 0
  /// Knows what became of the listeners.
  weak var listeners: ListenerSupervision?
  /// Knows what became of the listener's certificates.
  weak var renewal: CertificateRenewal?

  /// A job has come to a final state.
  func jobEnded(_ status: JobStatus) {
    ended[status.state, default: 0] += 1
    guard let start = status.startedAt, let end = status.finishedAt else { return }
    waited.add(from: status.submittedAt, to: start)
    ran.add(from: start, to: end)
  }

  /// All figures at this moment.
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
    figures.processes = ProcessFigures.all([("supervisor", ProcessFigures.own)] + (listeners?.processes ?? []))
    figures.openDescriptors = ProcessFigures.openDescriptors
    return figures
  }
}
