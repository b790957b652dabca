import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls
import Values
import Wording

extension Jobs {
  /// Cancels a job: a waiting one ends at once, a running one is ended by its shepherd, one that has ended stays as it is.
  func cancelJob(_ id: JobID, _ request: ClientRequest) {
    do throws(Problem) {
      let status = try knownStatus(id, for: request)
      if queue.isWaiting(id) {
        return cancelWaiting(status, "cancelled by \(request.client.subject)") {
          request.answer(.job($0, created: false))
        }
      }
      if running[id] != nil { endRunning(id, request.client.identity) }
      answerStatus(id, request)
    } catch {
      request.answer(.problem(error))
    }
  }

  /// Cancels all jobs of a client that the requesting client may see; `agentctl cancel --client`.
  func cancelJobs(of subject: String, _ request: ClientRequest) {
    do {
      let owner = try rights(of: request).owner(request.client)
      let found = try ledger.unfinished().filter { $0.client.subject.isSame(as: subject) && owner?.owns($0) ?? true }
      var cancelled = CancelledJobs(client: subject)
      let reason = "cancelled by \(request.client.subject)"
      // What is not accepted yet would otherwise be accepted after it.
      for submission in submissions.open
      where submission.client.subject.isSame(as: subject) && owner.map({ $0 == submission.owner }) ?? true {
        cancelled.queued += 1
        submission.answer(.problem(Problem(.conflict, "\(reason) before it was accepted")))
      }
      for status in found where !queue.isWaiting(status.id) {
        cancelled.running += 1
        endRunning(status.id, request.client.identity)
      }
      for status in found where queue.isWaiting(status.id) {
        cancelled.queued += 1
        cancelWaiting(status, reason)
      }
      ledger.afterwards { problem in request.answer(problem.map { .problem($0) } ?? .cancelled(cancelled)) }
    } catch let error as LedgerError {
      request.answer(.problem(logged(error)))
    } catch {
      request.answer(.problem(error as? Problem ?? Problem(.fault, "the jobs cannot be cancelled")))
    }
  }

  /// Cancels a waiting job.
  func cancelWaiting(_ status: JobStatus, _ reason: String, then: @escaping (JobStatus) -> Void = { _ in }) {
    var status = status
    (status.state, status.finishedAt, status.reason) = (.cancelled, .now(), reason)
    queue.remove(status.id)
    record(status, on: .cancel) { [status] in then(status) }
  }

  /// Cancels all waiting jobs of the clients with these certificates, who would no longer be admitted.
  ///
  /// - Parameter refusals: the reasons, by thumbprint.
  func cancelWaiting(ofRefused refusals: [Thumbprint: String]) {
    if refusals.isEmpty { return }
    do throws(LedgerError) {
      for status in try ledger.unfinished() where queue.isWaiting(status.id) {
        guard let refusal = refusals[status.client.thumbprint] else { continue }
        log.logger.notice("job cancelled: its client is no longer let in", metadata: ["job": "\(status.id)"])
        cancelWaiting(status, "its client is no longer let in: \(refusal)")
      }
    } catch { log.ledgerFails(error) }
  }

  /// Returns the certificate thumbprints of the clients with waiting jobs.
  func clientsOfWaiting() -> Set<Thumbprint> {
    do throws(LedgerError) {
      return Set(try ledger.unfinished().filter { queue.isWaiting($0.id) }.map(\.client.thumbprint))
    } catch {
      log.ledgerFails(error)
      return []
    }
  }

  private func endRunning(_ id: JobID, _ client: ClientIdentity) {
    // If there is no shepherd yet, this mark alone prevents the start.
    if running[id]?.cancelledBy == nil { running[id]?.cancelledBy = client }
    if running[id]?.isLookedUp == true {
      running[id]?.isLookedUp = false
      return finish(id, .cancelled(by: client.subject))
    }
    guard let job = running[id]?.job else {
      if starts.remove(id) { return finish(id, .cancelled(by: client.subject)) }
      // Its shepherd is told as soon as it runs, by the next agentd if need be.
      return launcher.noteCancel(id, by: client.subject)
    }
    cancel(job, by: client)
  }

  /// Has the shepherd end the job.
  func cancel(_ job: RunningJob, by client: ClientIdentity) {
    do throws(SystemError) { try launcher.cancel(job, by: client.subject) } catch {
      log.logger.error("job cannot be cancelled: \(error)", metadata: ["job": "\(job.id)"])
    }
  }
}
