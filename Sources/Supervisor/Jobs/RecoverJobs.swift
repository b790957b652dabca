import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// How the jobs of an earlier agentd were found.
  struct Recovery: Equatable {
    var waiting = 0
    var running = 0
    var ended = 0
  }

  /// Takes over the jobs that an earlier agentd left unfinished: those that waited wait again, those that run are watched,
  /// those that ended meanwhile get their end. None is started a second time.
  func recover() throws(LedgerError) -> Recovery {
    var recovery = Recovery()
    for status in try ledger.unfinished() {
      guard status.state == .running else {
        queue.readmitWaiting(status.id)
        recovery.waiting += 1
        continue
      }
      queue.readmitRunning(status.id)
      running[status.id] = Running()
      switch find(status.id) {
      case .running(let job):
        watch(job)
        recovery.running += 1
      case .ended(let outcome):
        finish(status.id, outcome)
        recovery.ended += 1
      }
    }
    startWaiting()
    return recovery
  }

  /// Removes the folders of jobs that the ledger does not know: left over from a removal that a crash cut short.
  func removeLeftovers() {
    do {
      for id in try launcher.ids() where try ledger.status(of: id) == nil {
        try launcher.remove(id)
        log.logger.notice("folder of an unknown job removed", metadata: ["job": "\(id)"])
      }
    } catch {
      log.logger.warning("folders of unknown jobs are not removed: \(error)")
    }
  }

  private func find(_ id: JobID) -> RecoveredJob {
    do throws(SystemError) { return try launcher.recover(id) } catch {
      return .ended(JobOutcome(.interrupted, reason: "its state cannot be read: \(error)"))
    }
  }
}
