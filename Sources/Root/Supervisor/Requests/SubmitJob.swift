import AgentProtocol
import JobLaunch
import JobLedger

extension Jobs {
  /// Takes a job in. The same id with the same body is the same job, asked for again; it is not started twice.
  func submitJob(_ id: JobID, _ job: JobRequest, _ request: ClientRequest) {
    do {
      let rights = try rights(of: request)
      if let known = try ledger.request(of: id) { return answerKnown(id, known == job, request) }
      let user = try policy.user(for: job, rights)
      let pool = try policy.pool(for: job, rights, of: queue.pools)
      try checkLimits(job)
      try diskFloor.check(launcher.folder)
      var status = JobStatus(
        accepted: id, command: job.command, user: user, client: request.client.identity, at: .now(), labels: job.labels)
      status.pool = pool
      status.reason = job.warning
      switch queue.admit(id, in: JobQueue.Lane(pool: pool, owner: JobOwner(status.client))) {
      case .full: throw Problem(.full, "\(queue.queued) jobs are already waiting")
      case .waits:
        status.state = .queued
        recordDurably(status, job, .noPlaceIsFree, request)
      case .runs:
        running[id] = Running()
        recordDurably(status, job, .start, request)
      }
    } catch let problem as Problem {
      request.answer(.problem(problem))
    } catch let error as LedgerError {
      request.answer(.problem(logged(error)))
    } catch {
      request.answer(.problem(Problem(.fault, "the job cannot be accepted")))
    }
  }

  /// Refuses what the host cannot hold a job to, now rather than at its start.
  private func checkLimits(_ job: JobRequest) throws(Problem) {
    for (key, text) in [("stdin", job.stdin), ("script", job.script)] {
      guard let size = text?.utf8.count, size > inputLimit else { continue }
      throw Problem(.bodyTooLarge, "\(key): \(size) bytes; this agent accepts at most \(inputLimit)")
    }
    guard let missing = launcher.missingControllers(job), !missing.isEmpty else { return }
    throw Problem(
      .notSupported, "limits: the control groups of this agent lack \(missing.joined(separator: ", "))")
  }

  private func answerKnown(_ id: JobID, _ same: Bool, _ request: ClientRequest) {
    // To a client that may not see the job, whether the bodies are the same is as secret as the job.
    do throws(Problem) { _ = try knownStatus(id, for: request) } catch {
      let taken = Problem(.conflict, "job \(id) was submitted before by another client")
      return request.answer(.problem(error.kind == .forbidden ? taken : error))
    }
    guard same else {
      return request.answer(.problem(Problem(.conflict, "job \(id) was submitted before with another body")))
    }
    answerStatus(id, request)
  }

  // A job that is to run at once is recorded as running in the same transaction: one fsync before its start, not two.
  private func recordDurably(_ status: JobStatus, _ job: JobRequest, _ event: JobEvent, _ request: ClientRequest) {
    var recorded = status
    if event == .start { recorded.startedAt = status.submittedAt }
    ledger.insert(recorded, request: job, then: event)
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      if let problem {
        running[status.id] = nil
        queue.remove(status.id)
        return request.answer(.problem(problem))
      }
      tally.submitted += 1
      request.answer(.job(status, created: true))
      if event == .start { start(status.id, job, as: status.user) }
    }
  }
}
