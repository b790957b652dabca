import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// The number of jobs that an earlier agentd left, by the state in which they were found.
  struct Recovery: Equatable {
    var waiting = 0
    var running = 0
    var ended = 0
  }

  /// Takes over the jobs that an earlier agentd left unfinished.
  ///
  /// Waiting jobs wait again, running ones are watched, and the end of those that have ended is entered. None is started a second time.
  func recover() throws(LedgerError) -> Recovery {
    var recovery = Recovery()
    for status in try ledger.unfinished() {
      guard status.state == .running else {
        queue.readmitWaiting(status.id, in: lane(of: status))
        recovery.waiting += 1
        continue
      }
      queue.readmitRunning(status.id, in: lane(of: status))
      running[status.id] = Running()
      let order = try ledger.request(of: status.id).map {
        let mark = launcher.mark(of: status.id, submittedAt: status.submittedAt)
        return RecalledOrder(status.id, $0, mark: mark, launcher)
      }
      switch find(status.id, order) {
      case .running(let job):
        watch(job)
        if launcher.isCancelled(job.id) { try? job.cancel() }
        recovery.running += 1
      case .ended(let outcome):
        ends.settle(status.id, order, outcome)
        recovery.ended += 1
      }
    }
    startWaiting()
    return recovery
  }

  private func lane(of status: JobStatus) -> JobQueue.Lane {
    JobQueue.Lane(pool: status.pool, owner: JobOwner(status.client))
  }

  private func find(_ id: JobID, _ order: RecalledOrder?) -> RecoveredJob {
    do throws(SystemError) { return try launcher.recover(id, order) } catch {
      return .ended(JobOutcome(.interrupted, reason: "its state cannot be read: \(error)"))
    }
  }
}
