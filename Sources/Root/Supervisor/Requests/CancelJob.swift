import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls
import Values

extension Jobs {
  /// Cancels: a job that waits is over at once, one that runs is ended by its shepherd, one that has ended stays as it is.
  func cancelJob(_ id: JobID, _ request: ClientRequest) {
    do throws(Problem) {
      var status = try knownStatus(id, for: request)
      if queue.isWaiting(id) {
        (status.state, status.finishedAt) = (.cancelled, .now())
        status.reason = "cancelled by \(request.client.subject)"
        queue.remove(id)
        return record(status, on: .cancel) { request.answer(.job(status, created: false)) }
      }
      if running[id] != nil { endRunning(id, request.client.identity) }
      answerStatus(id, request)
    } catch {
      request.answer(.problem(error))
    }
  }

  private func endRunning(_ id: JobID, _ client: ClientIdentity) {
    // Without a shepherd yet, which is the rest of this turn, the mark alone keeps it from being started.
    if running[id]?.cancelledBy == nil { running[id]?.cancelledBy = client }
    guard let job = running[id]?.job else { return }
    do throws(SystemError) { try launcher.cancel(job, by: client.subject) } catch {
      log.logger.error("job cannot be cancelled: \(error)", metadata: ["job": "\(id)"])
    }
  }
}
