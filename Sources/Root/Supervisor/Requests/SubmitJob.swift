import AgentProtocol
import JobLaunch
import JobLedger

extension Jobs {
  /// Answers whether the client may submit jobs, so that the body is not read if it may not.
  func permitSubmit(_ request: ClientRequest) {
    answeringProblems(of: request) {
      try rights(of: request).checkChange()
      request.answer(.permitted)
    }
  }

  /// Accepts a job once its user is known. The same ID with the same body is the same job, requested again; it is not started twice.
  func submitJob(_ id: JobID, _ job: JobRequest, _ trace: TraceContext?, _ request: ClientRequest) {
    answeringProblems(of: request) {
      let rights = try rights(of: request)
      if let known = try ledger.request(of: id) { return answerKnown(id, known == job, request) }
      if let spent = try ledger.spent(id) { return try answerSpent(id, spent, job, request) }
      // What is refused for another reason needs no look-up.
      _ = try policy.user(for: job, rights)
      _ = try policy.pool(for: job, rights, of: queue.pools)
      try checkLimits(job)
      try checkDisk()
      submissions.add(request)
      accounts.look(up: policy.question(job, rights), for: .request(request)) { [weak self] found in
        guard let self, request.isOpen else { return }
        answeringProblems(of: request) { try self.submitJob(id, job, trace, found, request) }
      }
    }
  }

  /// Accepts the job after its user was looked up: meanwhile it may have been submitted again, or the rules may have changed.
  private func submitJob(
    _ id: JobID, _ job: JobRequest, _ trace: TraceContext?, _ found: Found, _ request: ClientRequest
  ) throws {
    try admit(request)
    let rights = try rights(of: request)
    if let known = try ledger.request(of: id) { return answerKnown(id, known == job, request) }
    if let spent = try ledger.spent(id) { return try answerSpent(id, spent, job, request) }
    let user = try policy.user(for: job, rights, found)
    let pool = try policy.pool(for: job, rights, of: queue.pools)
    var status = JobStatus(
      accepted: id, command: job.command, user: user, client: request.client.identity, at: .now(), labels: job.labels)
    status.pool = pool
    status.reason = job.warning
    (status.traceparent, status.tracestate) = (trace?.traceparent, trace?.tracestate)
    let owner = request.owner
    switch queue.admit(id, in: JobQueue.Lane(pool: pool, owner: owner)) {
    case .full: throw Problem(.full, "\(queue.queued) jobs are already waiting")
    case .keptForOthers:
      throw Problem(
        .full,
        "\(queue.waiting(of: owner)) jobs of this client wait already; what is left of max_queued is for others")
    case .waits:
      clientWaits(request.client.thumbprint)
      status.state = .queued
      recordDurably(status, job, .noPlaceIsFree, found, request)
    case .runs:
      running[id] = Running()
      recordDurably(status, job, .start, found, request)
    }
  }

  private func answeringProblems(of request: ClientRequest, _ body: () throws -> Void) {
    do { try body() } catch let problem as Problem {
      request.answer(.problem(problem))
    } catch let error as LedgerError {
      request.answer(.problem(logged(error)))
    } catch {
      request.answer(.problem(Problem(.fault, "the job cannot be accepted")))
    }
  }

  /// Refuses limits that the host cannot enforce, now rather than when the job starts.
  private func checkLimits(_ job: JobRequest) throws(Problem) {
    if let limit = job.outputLimit, let most = launcher.outputLimit, limit > most {
      throw Problem(
        .notSupported, "output_limit: \(limit) bytes; this agent allows \(most) (output_limit in agentd.toml)")
    }
    let inputs = [
      ("stdin", job.stdin?.utf8.count), ("stdin_base64", job.stdinBase64 == nil ? nil : job.input?.count),
      ("script", job.script?.utf8.count),
    ]
    for case (let key, let size?) in inputs where size > inputLimit {
      throw Problem(
        .bodyTooLarge, "\(key): \(size) bytes; this agent accepts at most \(inputLimit) (input_limit in agentd.toml)")
    }
    guard let missing = launcher.missingControllers(job), !missing.isEmpty else { return }
    throw Problem(
      .notSupported, "limits: the control groups of this agent lack \(missing.joined(separator: ", "))")
  }

  private func answerKnown(_ id: JobID, _ same: Bool, _ request: ClientRequest) {
    do throws(Problem) { _ = try knownStatus(id, for: request) } catch { return request.answer(.problem(error)) }
    guard same else {
      return request.answer(.problem(Problem(.conflict, "job \(id) was submitted before with another body")))
    }
    answerStatus(id, request)
  }

  /// Answers for a job that was forgotten early, with what is still known of how it ended. It is not run again.
  private func answerSpent(_ id: JobID, _ spent: SpentJob, _ job: JobRequest, _ request: ClientRequest) throws {
    var status = JobStatus(
      accepted: id, command: job.command, user: spent.user, client: spent.client, at: spent.submittedAt,
      labels: job.labels)
    status.state = spent.state
    status.exitCode = spent.exitCode
    status.signal = spent.signal
    status.finishedAt = spent.finishedAt
    status.reason = "it ran before; its record and its output are no longer kept"
    guard (try? rights(of: request).checkSight(of: status, by: request.client)) != nil else {
      throw Problem(.conflict, "job \(id) was submitted before by another client")
    }
    guard let digest = spent.digest, digest == (try JobLedger.digest(of: job)) else {
      throw Problem(.conflict, "job \(id) was submitted before with another body")
    }
    request.answer(.job(status, created: false))
  }

  // A job that starts at once is recorded as running in the same transaction: one fsync before its start, not two.
  private func recordDurably(
    _ status: JobStatus, _ job: JobRequest, _ event: JobEvent, _ found: Found, _ request: ClientRequest
  ) {
    var recorded = status
    if event == .start { recorded.startedAt = status.submittedAt }
    ledger.insert(recorded, request: job, names: request.client.names, then: event)
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      if let problem {
        running[status.id] = nil
        queue.remove(status.id)
        return request.answer(.problem(problem))
      }
      tally.submitted += 1
      request.answer(.job(status, created: true))
      if event == .start { start(status, job, found) }
    }
  }
}
