import AgentConfiguration
import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

/// The jobs of this agent: taken in, started in their order, watched to their end, cancelled, forgotten. What the API's
/// requests do is in `Requests/`; this file holds what they share.
final class Jobs {
  /// A job that has a place among the running.
  struct Running {
    /// The job below its shepherd; `nil` until it is started, in the same turn.
    var job: RunningJob?
    /// Fires when the shepherd has ended.
    var watch: Reactor.Watch?
    /// Who cancelled it, if anybody did.
    var cancelledBy: ClientIdentity?
  }

  /// How long a change waits that could not be written to the ledger.
  static let retryDelay = Duration.seconds(1)

  let reactor: Reactor
  let log: SupervisorLog
  let ledger: GroupCommit
  let launcher: JobLauncher
  var policy: JobPolicy
  var queue: JobQueue
  var running: [JobID: Running] = [:]
  var endWaiters = JobWaiters()
  var startWaiters = JobWaiters()
  var outputWatches = OutputWatches()
  /// Whether new jobs are taken in.
  var isStopping = false
  private var announced: Capacity?

  init(
    on reactor: Reactor, log: SupervisorLog, ledger: JobLedger, launcher: JobLauncher, limits: AgentConfiguration.Jobs
  ) {
    self.reactor = reactor
    self.log = log
    self.ledger = GroupCommit(ledger, log: log)
    self.launcher = launcher
    policy = .ofThisProcess(defaultUser: limits.defaultUser)
    queue = JobQueue(maxRunning: limits.maxRunning, maxQueued: limits.maxQueued)
  }

  /// The counts as clients see them.
  var capacity: Capacity {
    Capacity(
      maxRunning: queue.maxRunning, maxQueued: queue.maxQueued, running: queue.running, queued: queue.queued)
  }

  /// Takes over limits and policy of a new configuration; jobs that were taken in stay.
  func adopt(_ limits: AgentConfiguration.Jobs) {
    queue.maxRunning = limits.maxRunning
    queue.maxQueued = limits.maxQueued
    policy.defaultUser = limits.defaultUser
    startWaiting()
  }

  /// Ends a turn: the changes become durable, then what follows from them happens.
  ///
  /// - Returns: the counts, if they have changed.
  func endTurn() -> Capacity? {
    ledger.commit()
    guard capacity != announced else { return nil }
    announced = capacity
    return capacity
  }

  /// Enters the end of a job into the ledger; once that is durable, tells who waits and starts the next.
  func finish(_ id: JobID, _ outcome: JobOutcome) {
    do throws(LedgerError) {
      guard var status = try ledger.status(of: id) else {
        return release(id)
      }
      if !status.state.successors.contains(outcome.state) {
        log.logger.error("job \(status.state) would become \(outcome.state)", metadata: ["job": "\(id)"])
        return release(id)
      }
      outcome.enter(into: &status, now: .now())
      if status.state == .cancelled, let client = running[id]?.cancelledBy {
        status.reason = "cancelled by \(client.subject)"
      }
      record(status)
    } catch {
      log.logger.error("ledger: \(error)")
      retry { $0.finish(id, outcome) }
    }
  }

  /// Writes a final status; once it is durable, tells who waits.
  func record(_ status: JobStatus, then: @escaping () -> Void = {}) {
    ledger.update(status)
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      if problem != nil { return retry { $0.record(status, then: then) } }
      release(status.id)
      logEnd(status)
      outputWatches.remove(status.id)
      for request in endWaiters.take(status.id) { request.answer(.job(status, created: false)) }
      for request in startWaiters.take(status.id) { openOutput(status.id, follow: true, request) }
      then()
    }
  }

  /// Runs `body` again in a while: the ledger did not take a change that must not be lost.
  func retry(_ body: @escaping (Jobs) -> Void) {
    reactor.after(Self.retryDelay) { [weak self] in self.map(body) }
  }

  private func release(_ id: JobID) {
    running[id] = nil
    queue.remove(id)
    startWaiting()
  }

  private func logEnd(_ status: JobStatus) {
    var facts: Logger.Metadata = ["job": "\(status.id)", "state": "\(status.state.rawValue)"]
    facts["exit_code"] = status.exitCode.map { "\($0)" }
    facts["signal"] = status.signal.map { "\($0)" }
    facts["reason"] = status.reason.map { "\($0)" }
    log.logger.info("job ended", metadata: facts)
  }
}
