import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// Gives free places to the jobs that have waited longest. `running` is durable before the shepherd starts: a job whose
  /// start falls into a crash is never started a second time.
  func startWaiting() {
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
        log.logger.error("ledger: \(error)")
        queue.remove(id)
      } catch {
        log.logger.error("ledger: \(error)")
        return startLater(id)
      }
    }
  }

  private func startDurably(_ status: JobStatus, _ request: JobRequest) throws(LedgerError) {
    try ledger.update(status, on: .start)
    running[status.id] = Running()
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      if problem == nil { return start(status.id, request, as: status.user) }
      running[status.id] = nil
      startLater(status.id)
    }
  }

  private func startLater(_ id: JobID) {
    queue.putBack(id)
    retry { $0.startWaiting() }
  }

  /// Starts a job that the ledger shows as running.
  func start(_ id: JobID, _ request: JobRequest, as user: String) {
    if let client = running[id]?.cancelledBy {
      return finish(id, JobOutcome(.cancelled, reason: "cancelled by \(client.subject)"))
    }
    do throws(LaunchRefusal) {
      let account = try policy.account(user, group: request.group)
      watch(try launcher.launch(id, request, as: account))
      log.logger.info("job started", metadata: ["job": "\(id)", "user": "\(user)"])
    } catch {
      return finish(id, JobOutcome(.couldNotStart, reason: error.description))
    }
    answerStartWaiters(of: id)
  }

  /// Waits for the end of a job, and for its disk to be full.
  func watch(_ job: RunningJob) {
    running[job.id, default: Running()].job = job
    watchDisk()
    ends.watch(job)
  }
}
