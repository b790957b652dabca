import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SupervisorLink

extension Jobs {
  /// Answers with a job's status: immediately, or when it has ended, or after `wait` seconds.
  func showJob(_ id: JobID, wait: Double, _ request: ClientRequest) {
    guard wait > 0 else { return answerStatus(id, request) }
    ledger.afterwards { [weak self] _ in
      guard let self else { return }
      guard running[id] != nil || queue.isWaiting(id) else { return answerStatus(id, request) }
      do throws(Problem) { _ = try knownStatus(id, for: request) } catch { return request.answer(.problem(error)) }
      endWaiters.add(request, for: id)
      let seconds = min(wait, JobStatus.maximumWait)
      request.answerLatest(by: reactor.after(.seconds(seconds)) { [weak self] in self?.answerStatus(id, request) })
    }
  }

  /// Answers with a job's status as it is on disk at the end of the turn.
  func answerStatus(_ id: JobID, _ request: ClientRequest) {
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      do throws(Problem) {
        request.answer(.job(try knownStatus(id, for: request, problem), created: false))
      } catch {
        request.answer(.problem(error))
      }
    }
  }

  /// Returns the status including the changes of this turn, with the present output size of a running job.
  ///
  /// - Parameter problem: thrown for an unknown job in place of `.notFound`: why it could not be recorded.
  /// - Throws: `Problem`, also if this client may not see the job; every request about a certain job is checked here.
  func knownStatus(_ id: JobID, for request: ClientRequest, _ problem: Problem? = nil) throws(Problem) -> JobStatus {
    let found: JobStatus?
    do throws(LedgerError) { found = try ledger.status(of: id) } catch { throw logged(error) }
    guard let status = found else { throw problem ?? Problem(.notFound, "there is no job \(id)") }
    try rights(of: request).checkSight(of: status, by: request.client)
    return withOutputSoFar(status)
  }

  /// Returns the client's rights as `handle(_:)` determined them.
  func rights(of request: ClientRequest) throws(Problem) -> ClientRights {
    if let rights = request.rights { return rights }
    throw Problem(.forbidden, "the rights of this client are not known")
  }

  func withOutputSoFar(_ status: JobStatus) -> JobStatus {
    guard status.state == .running else { return status }
    var status = status
    status.outputBytes = launcher.outputBytes(of: status.id)
    status.stderrBytes = launcher.outputBytes(of: status.id, .stderr)
    return status
  }

  /// Logs the details of an error and returns what the client is told.
  func logged(_ error: LedgerError) -> Problem {
    if error.kind != .badCursor { log.ledgerFails(error) }
    return Problem(error)
  }
}
