import AgentConfiguration
import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls
import Values

/// The jobs of this agent: accepts, starts, watches, cancels and forgets them.
///
/// The API requests are in `Requests/`; this file holds what they share.
final class Jobs {
  /// A job that has a running place.
  struct Running {
    /// Distinguishes this job from any other that had the same ID.
    let serial = UInt64.random(in: .min ... .max)
    /// Whether it is not started yet because its user is being looked up.
    var isLookedUp = false
    /// The job with its shepherd; `nil` until that runs.
    var job: RunningJob?
    /// The user that it runs as, for the log; empty until it is launched.
    var user = ""
    /// Who cancelled it, if anyone did.
    var cancelledBy: ClientIdentity?
    /// Since when the host has refused its processes, and the next pause; `nil` if it has not.
    var refusal: StartAgain?
  }

  /// The delay before a change that could not be written to the ledger is tried again.
  static let retryDelay = Duration.seconds(1)

  let reactor: Reactor
  /// Looks up the users of jobs.
  let accounts: any Accounts
  let log: SupervisorLog
  let ledger: GroupCommit
  var launcher: JobLauncher
  var policy: JobPolicy
  var queue: JobQueue
  var running: [JobID: Running] = [:]
  let starts: JobStarts
  let ends: JobEnds
  let endWaiters = JobWaiters()
  let startWaiters = JobWaiters()
  var outputWatches = OutputWatches()
  let events = EventLog()
  /// The counters for `GET /metrics`.
  let tally = HostTally()
  /// How much free disk space a new job requires.
  var diskFloor: DiskFloor
  let retention: JobRetention
  /// What is wrong with the disk; the log tells what is new.
  var disk = DiskHealth() {
    didSet { logWarnings(besides: oldValue.warnings) }
  }
  /// The maximum size of a job's input, and of its script, in bytes.
  var inputLimit = 0
  /// Whether agentd is stopping and refuses new jobs.
  var isStopping = false
  /// Called with the certificate of a client whose job is about to be queued.
  var clientWaits: (Thumbprint) -> Void = { _ in }
  /// The submissions whose users are being looked up.
  let submissions = OpenRequests()
  /// Whether waiting jobs must not start: it is not known yet whether their clients are still admitted.
  var isHeld = false { didSet { if oldValue, !isHeld { startWaiting() } } }
  private var announced: Capacity?

  init(
    on reactor: Reactor, log: SupervisorLog, ledger: JobLedger, launcher: JobLauncher, limits: AgentConfiguration.Jobs,
    clients: [ClientTable] = [], accounts: any Accounts = DirectAccounts()
  ) {
    self.reactor = reactor
    self.accounts = accounts
    self.log = log
    self.ledger = GroupCommit(ledger, log: log)
    self.launcher = launcher
    self.launcher.outputLimit = Int64(limits.outputLimit)
    self.ledger.committed = events.append
    policy = .ofThisProcess(defaultUser: limits.defaultUser, clients: clients)
    queue = JobQueue(maxRunning: limits.maxRunning, maxQueued: limits.maxQueued, pools: limits.pools)
    diskFloor = DiskFloor(bytes: limits.diskFloor)
    starts = JobStarts(on: reactor, log: log, launcher: launcher)
    ends = JobEnds(on: reactor, log: log, launcher: launcher)
    retention = JobRetention(
      limits.kept, on: reactor, log: log, ledger: self.ledger, launcher: launcher, ends: ends)
    retention.looks = { [weak self] in self?.lookAtHost() }
    self.ledger.written = { [weak self] in self?.disk.wrote($0) }
    ends.enter = { [weak self] in self?.ended($0, $1) }
    connectStarts()
    adoptSurroundings(limits)
  }

  /// The counts that clients see.
  var capacity: Capacity {
    Capacity(
      maxRunning: queue.maxRunning, maxQueued: queue.maxQueued, running: queue.running, queued: queue.queued,
      pools: queue.poolCapacities, warnings: disk.warnings)
  }

  /// Adopts the limits and policy of a new configuration; accepted jobs stay.
  func adopt(
    _ limits: AgentConfiguration.Jobs, _ clients: [ClientTable], _ reserved: ReservedAccounts = ReservedAccounts()
  ) {
    queue.maxRunning = limits.maxRunning
    queue.maxQueued = limits.maxQueued
    queue.pools = limits.pools
    diskFloor.bytes = limits.diskFloor
    retention.adopt(limits.kept)
    policy.defaultUser = limits.defaultUser
    policy.clients = clients
    policy.reserved.add(reserved)
    launcher.outputLimit = Int64(limits.outputLimit)
    adoptSurroundings(limits)
    startWaiting()
  }

  /// Ends a turn: commits the changes, then runs what follows from them.
  ///
  /// - Returns: the counts, if they have changed.
  func endTurn() -> Capacity? {
    ledger.commit()
    guard capacity != announced else { return nil }
    announced = capacity
    return capacity
  }

  /// Enters the end of a job into the ledger; once that is durable, answers those who wait and starts the next job.
  func finish(_ id: JobID, _ outcome: JobOutcome) {
    do throws(LedgerError) {
      guard var status = try ledger.status(of: id), let event = JobEvent(endingIn: outcome.state) else {
        return release(id)
      }
      outcome.enter(into: &status, now: .now())
      record(status, on: event)
    } catch {
      log.ledgerFails(error)
      retry { $0.finish(id, outcome) }
    }
  }

  /// Writes the status after an event that ends the job; once it is durable, answers those who wait.
  func record(_ status: JobStatus, on event: JobEvent, then: @escaping () -> Void = {}) {
    let diskBytes = launcher.diskBytes(of: status.id)
    do throws(LedgerError) { try ledger.update(status, on: event, diskBytes: diskBytes) } catch {
      log.ledgerFails(error)
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

  /// Runs `body` again later, because the ledger did not accept a change that must not be lost.
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
    facts["exit_code"] = status.exitCode.map { .stringConvertible($0) }
    facts["signal"] = status.signal.map { "\($0)" }
    facts["reason"] = status.reason.map { "\($0)" }
    log.logger.info("job ended", metadata: facts)
  }
}
