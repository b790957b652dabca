import AgentConfiguration
import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

/// Which jobs that have ended are to be forgotten.
struct Retention {
  var kept: AgentConfiguration.KeptJobs

  /// The jobs at the beginning of `first` that are not to be kept.
  ///
  /// - Parameters:
  ///   - first: jobs that have ended, in the order of their ends, none left out.
  ///   - all: how much there is of them in all.
  func due(_ first: [EndedJob], of all: EndedJobs, now: Timestamp) -> ArraySlice<EndedJob> {
    var left = all
    let count = first.prefix { job in
      let isDue =
        (kept.days.map { now.milliseconds - job.finishedAt.milliseconds > Int64($0) * 86_400_000 } ?? false)
        || (kept.count.map { left.jobs > $0 } ?? false) || (kept.bytes.map { left.bytes > Int64($0) } ?? false)
      (left.jobs, left.bytes) = (left.jobs - 1, left.bytes - job.bytes)
      return isDue
    }.count
    return first[..<count]
  }
}

extension Jobs {
  /// Jobs that are forgotten in one turn, and bytes of output after which a turn is enough: what is removed takes the
  /// file system its time, and others have their turns in between.
  static let forgottenATurn = 50
  static let removedBytesATurn: Int64 = 64 << 20
  /// How long it is until the next look: after a job's end; when there is more to forget; when nothing happens.
  static let lookAfterEnd = Duration.seconds(1)
  static let lookForMore = Duration.milliseconds(5)
  static let lookAnyway = Duration.seconds(600)

  /// Has the jobs looked through that have ended, in a while.
  func forgetSoon(_ delay: Duration = Jobs.lookAfterEnd) {
    if let pending = nextForgetting, pending.timer.isPending {
      if pending.due <= .now + delay { return }
      pending.timer.cancel()
    }
    nextForgetting = (.now + delay, reactor.after(delay) { [weak self] in self?.forgetDue() })
  }

  private func forgetDue() {
    do throws(LedgerError) {
      let first = try ledger.endedFirst(limit: Self.forgottenATurn)
      var bytes: Int64 = 0
      let due = retention.due(first, of: try ledger.ended(), now: .now()).prefix { job in
        defer { bytes += job.bytes }
        return bytes <= Self.removedBytesATurn
      }
      if due.isEmpty { return forgetSoon(Self.lookAnyway) }
      for job in due { ledger.delete(job.id) }
      ledger.afterwards { [weak self] problem in
        guard let self else { return }
        if problem != nil { return forgetSoon(Self.lookAnyway) }
        for job in due { afterShepherd(of: job.id) { [weak self] in self?.removeFolder(job.id) } }
        log.logger.debug("jobs forgotten", metadata: ["jobs": "\(due.count)"])
        forgetSoon(Self.lookForMore)
      }
    } catch {
      log.logger.error("ledger: \(error)")
      forgetSoon(Self.lookAnyway)
    }
  }

  /// Removes the folder of a job that the ledger does not know any more.
  func removeFolder(_ id: JobID) {
    do throws(SystemError) { try launcher.remove(id) } catch {
      // It is taken away at the next start: the ledger does not know it any more.
      log.logger.warning("folder of a deleted job is left over: \(error)", metadata: ["job": "\(id)"])
    }
  }
}
