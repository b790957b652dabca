import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// Starts waiting jobs while there are free places.
  ///
  /// `running` is durable before the shepherd starts, so that a job that was being started during a crash is never started a second time.
  func startWaiting() {
    if isHeld || isStopping { return }
    while let id = queue.next() {
      do throws(LedgerError) {
        guard var status = try ledger.status(of: id),
          let request = try ledger.request(of: id)
        else {
          queue.remove(id)
          continue
        }
        status.startedAt = .now()
        try startDurably(status, request)
      } catch  where error.kind == .forbidden {
        log.ledgerFails(error)
        queue.remove(id)
      } catch {
        log.ledgerFails(error)
        return startLater(id)
      }
    }
  }

  private func startDurably(_ status: JobStatus, _ request: JobRequest) throws(LedgerError) {
    try ledger.update(status, on: .start)
    running[status.id] = Running()
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      if problem == nil { return lookUpAndStart(status, request) }
      running[status.id] = nil
      startLater(status.id)
    }
  }

  private func startLater(_ id: JobID) {
    queue.putBack(id)
    retry { $0.startWaiting() }
  }

  /// Judges a job that has waited once more, by the present rules and users.
  func lookUpAndStart(_ status: JobStatus, _ request: JobRequest) {
    guard let serial = running[status.id]?.serial else { return }
    var asked = request
    asked.user = status.user
    do throws(Problem) {
      let rights = try judgeAgain(status, asked, nil)
      running[status.id]?.isLookedUp = true
      accounts.look(up: policy.question(asked, rights), for: .job(JobOwner(status.client))) {
        [weak self, asked] found in
        // The job may have been cancelled meanwhile, and another one with the same ID may have replaced it. The end of a cancelled one
        // may not be durable yet.
        guard let self, let job = running[status.id], job.serial == serial, job.isLookedUp else { return }
        running[status.id]?.isLookedUp = false
        startIfAllowed(status, asked, found)
      }
    } catch { endRefused(status.id, error) }
  }

  private func startIfAllowed(_ status: JobStatus, _ request: JobRequest, _ found: Found) {
    do throws(Problem) { _ = try judgeAgain(status, request, found) } catch { return endRefused(status.id, error) }
    start(status, request, found)
  }

  private func endRefused(_ id: JobID, _ problem: Problem) {
    log.logger.notice(
      "job cancelled: it is no longer allowed", metadata: ["job": "\(id)", "reason": "\(problem.detail)"])
    finish(id, JobOutcome(.cancelled, reason: "no longer allowed: \(problem.detail)"))
  }

  /// Returns what the client that submitted the job may do now.
  ///
  /// - Throws: `Problem` if that no longer includes the job.
  private func judgeAgain(_ status: JobStatus, _ request: JobRequest, _ found: Found?) throws(Problem) -> ClientRights {
    let recorded: RecordedClient?
    do throws(LedgerError) { recorded = try ledger.client(of: status.id) } catch { throw logged(error) }
    guard let recorded else { throw Problem(.notFound, "who submitted it is not known") }
    if !recorded.namesAreRecorded, policy.asksForNames {
      throw Problem(
        .forbidden, "an earlier agentd did not record the names of its client, by which there are rules now")
    }
    let rights = try policy.rights(of: recorded.client)
    try rights.checkChange()
    _ = try policy.user(for: request, rights, found)
    return rights
  }

  /// Starts a job that the ledger records as running.
  func start(_ status: JobStatus, _ request: JobRequest, _ found: Found) {
    let account: Account
    do throws(LaunchRefusal) { account = try self.account(found) } catch {
      return finish(status.id, JobOutcome(error))
    }
    running[status.id]?.user = account.name
    let (id, mark) = (status.id, launcher.mark(of: status.id, submittedAt: status.submittedAt))
    var request = request
    // The request's own variables come first.
    request.environment.merge(Self.traceVariables(status)) { own, _ in own }
    starts.add(id) { [weak self, request] () throws(LaunchRefusal) -> LaunchedJob? in
      try self?.launcher.launch(id, request, as: account, mark: mark)
    }
  }

  private static func traceVariables(_ status: JobStatus) -> [String: String] {
    let states = status.tracestate.map { [$0] } ?? []
    return status.traceparent.flatMap { TraceContext(parents: [$0], states: states) }?.variables ?? [:]
  }

  /// Has starts enter what becomes of them.
  func connectStarts() {
    starts.canceller = { [weak self] in self?.running[$0]?.cancelledBy?.subject }
    starts.ended = { [weak self] in self?.ends.settle($0, $1, $2) }
    starts.started = { [weak self] job in
      guard let self else { return }
      log.logger.info("job started", metadata: ["job": "\(job.id)", "user": "\(running[job.id]?.user ?? "")"])
      watch(job)
      if let client = running[job.id]?.cancelledBy { cancel(job, by: client) }
      answerStartWaiters(of: job.id)
    }
  }

  private func account(_ found: Found) throws(LaunchRefusal) -> Account {
    guard let account = found.account else { throw LaunchRefusal(found.refusal ?? "its user is not known") }
    if let problem = policy.problem(of: account, user: account.name) { throw LaunchRefusal(problem) }
    return account
  }

  /// Waits for the end of a job.
  func watch(_ job: RunningJob) {
    running[job.id, default: Running()].job = job
    ends.watch(job)
  }
}
