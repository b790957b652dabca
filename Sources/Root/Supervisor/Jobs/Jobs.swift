import AgentConfiguration
import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls
import Values

/// The jobs of this agent: taken in, started in their order, watched to their end, cancelled, forgotten. What the API's
/// requests do is in `Requests/`; this file holds what they share.
final class Jobs {
  /// A job that has a place among the running.
  struct Running {
    /// The job below its shepherd; `nil` until it is started, in the same turn.
    var job: RunningJob?
    /// Who cancelled it, if anybody did.
    var cancelledBy: ClientIdentity?
    /// Whether its shepherd knows that the disk was full.
    var isToldOfFullDisk = false
  }

  /// How long a change waits that could not be written to the ledger.
  static let retryDelay = Duration.seconds(1)

  let reactor: Reactor
  let log: SupervisorLog
  let ledger: GroupCommit
  var launcher: JobLauncher
  var policy: JobPolicy
  var queue: JobQueue
  var running: [JobID: Running] = [:]
  let ends: JobEnds
  var endWaiters = JobWaiters()
  var startWaiters = JobWaiters()
  var outputWatches = OutputWatches()
  let events = EventLog()
  /// What is counted for `GET /metrics`.
  let tally = HostTally()
  /// How much room there has to be for another job.
  var diskFloor: DiskFloor
  /// When it is looked at next whether there is room at all.
  var diskWatch: TimerQueue.Timer?
  let retention: JobRetention
  /// The most bytes of a job's input, and of its script.
  var inputLimit = 0
  /// Whether new jobs are taken in.
  var isStopping = false
  private var announced: Capacity?

  init(
    on reactor: Reactor, log: SupervisorLog, ledger: JobLedger, launcher: JobLauncher, limits: AgentConfiguration.Jobs,
    clients: [ClientTable] = []
  ) {
    self.reactor = reactor
    self.log = log
    self.ledger = GroupCommit(ledger, log: log)
    self.launcher = launcher
    self.launcher.outputLimit = Int64(limits.outputLimit)
    self.launcher.endsAreReported = true
    self.ledger.committed = events.append
    policy = .ofThisProcess(defaultUser: limits.defaultUser, clients: clients)
    queue = JobQueue(maxRunning: limits.maxRunning, maxQueued: limits.maxQueued, pools: limits.pools)
    diskFloor = DiskFloor(bytes: limits.diskFloor)
    ends = JobEnds(on: reactor, log: log, launcher: launcher)
    retention = JobRetention(
      limits.kept, on: reactor, log: log, ledger: self.ledger, launcher: launcher, ends: ends)
    ends.enter = { [weak self] in self?.finish($0, $1) }
    adoptSurroundings(limits)
  }

  /// The counts as clients see them.
  var capacity: Capacity {
    Capacity(
      maxRunning: queue.maxRunning, maxQueued: queue.maxQueued, running: queue.running, queued: queue.queued,
      pools: queue.poolCapacities)
  }

  /// Takes over limits and policy of a new configuration; jobs that were taken in stay.
  func adopt(_ limits: AgentConfiguration.Jobs, _ clients: [ClientTable]) {
    queue.maxRunning = limits.maxRunning
    queue.maxQueued = limits.maxQueued
    queue.pools = limits.pools
    diskFloor.bytes = limits.diskFloor
    retention.adopt(limits.kept)
    policy.defaultUser = limits.defaultUser
    policy.clients = clients
    launcher.outputLimit = Int64(limits.outputLimit)
    adoptSurroundings(limits)
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
      guard var status = try ledger.status(of: id), let event = JobEvent(endingIn: outcome.state) else {
        return release(id)
      }
      outcome.enter(into: &status, now: .now())
      record(status, on: event)
    } catch {
      log.logger.error("ledger: \(error)")
      retry { $0.finish(id, outcome) }
    }
  }

  /// Writes the status after an event that ends the job; once it is durable, tells who waits.
  func record(_ status: JobStatus, on event: JobEvent, then: @escaping () -> Void = {}) {
    do throws(LedgerError) { try ledger.update(status, on: event) } catch {
      log.logger.error("ledger: \(error)")
      return release(status.id)
    }
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      if problem != nil { return retry { $0.record(status, on: event, then: then) } }
      release(status.id)
      tally.jobEnded(status)
      logEnd(status)
      retention.lookSoon()
      outputWatches.remove(status.id)
      ends.isDurable(status.id)
      for request in endWaiters.take(status.id) { request.answer(.job(status, created: false)) }
      answerStartWaiters(of: status.id)
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
