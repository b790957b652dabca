import AgentProtocol
import JobLedger

extension Jobs {
  /// Takes a job in. The same id with the same body is the same job, asked for again; it is not started twice.
  func submitJob(_ id: JobID, _ job: JobRequest, _ request: ClientRequest) {
    do {
      if let known = try ledger.request(of: id) { return answerKnown(id, known == job, request) }
      let user = try policy.user(for: job)
      var status = JobStatus(
        accepted: id, command: job.command, user: user, client: request.client, at: .now(), labels: job.labels)
      switch queue.admit(id) {
      case .full: throw Problem(.full, "\(queue.queued) jobs wait already")
      case .waits: status.state = .queued
      case .runs: running[id] = Running()
      }
      recordDurably(status, job, request)
    } catch let problem as Problem {
      request.answer(.problem(problem))
    } catch let error as LedgerError {
      request.answer(.problem(logged(error)))
    } catch {
      request.answer(.problem(Problem(.fault, "the job cannot be taken in")))
    }
  }

  private func answerKnown(_ id: JobID, _ same: Bool, _ request: ClientRequest) {
    guard same else {
      return request.answer(.problem(Problem(.conflict, "job \(id) was submitted before with another body")))
    }
    answerStatus(id, request)
  }

  // A job that is to run at once is recorded as running in the same transaction: one fsync before its start, not two.
  private func recordDurably(_ status: JobStatus, _ job: JobRequest, _ request: ClientRequest) {
    let runsNow = status.state == .accepted
    var recorded = status
    if runsNow { (recorded.state, recorded.startedAt) = (.running, status.submittedAt) }
    ledger.insert(recorded, request: job)
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      if let problem {
        running[status.id] = nil
        queue.remove(status.id)
        return request.answer(.problem(problem))
      }
      request.answer(.job(status, created: true))
      if runsNow { start(status.id, job, as: status.user) }
    }
  }
}
