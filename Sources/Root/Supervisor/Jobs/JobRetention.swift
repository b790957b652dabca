import AgentConfiguration
import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls
import Values

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
        (kept.days.map { now - job.finishedAt > .seconds(Int64($0) * Timestamp.secondsPerDay) } ?? false)
        || (kept.count.map { left.jobs > $0 } ?? false) || (kept.bytes.map { left.bytes > Int64($0) } ?? false)
      (left.jobs, left.bytes) = (left.jobs - 1, left.bytes - job.bytes)
      return isDue
    }.count
    return first[..<count]
  }
}

/// Forgets jobs that have ended, oldest first, some in a turn: the record, then the folder.
final class JobRetention {
  /// Jobs that are forgotten in one turn, and bytes of output after which a turn is enough: what is removed takes the
  /// file system its time, and others have their turns in between.
  static let forgottenATurn = 50
  private static let removedBytesATurn: Int64 = 64 << 20
  /// How long it is until the next look: after a job's end; when there is more to forget; when nothing happens.
  private static let lookAfterEnd = Duration.seconds(1)
  private static let lookForMore = Duration.milliseconds(5)
  private static let lookAnyway = Duration.seconds(600)

  private let reactor: Reactor
  private let log: SupervisorLog
  private let ledger: GroupCommit
  // For the jobs' folders; what it starts jobs with may be out of date.
  private let launcher: JobLauncher
  private let ends: JobEnds
  private var rule: Retention
  private var next: (due: ContinuousClock.Instant, timer: TimerQueue.Timer)?

  /// Keeps all until `lookSoon()` or `adopt(_:)`.
  init(
    _ kept: AgentConfiguration.KeptJobs, on reactor: Reactor, log: SupervisorLog, ledger: GroupCommit,
    launcher: JobLauncher, ends: JobEnds
  ) {
    rule = Retention(kept: kept)
    self.reactor = reactor
    self.log = log
    self.ledger = ledger
    self.launcher = launcher
    self.ends = ends
  }

  /// Takes over what a new configuration keeps.
  func adopt(_ kept: AgentConfiguration.KeptJobs) {
    rule.kept = kept
    lookSoon()
  }

  /// Has the jobs looked through that have ended, in a while.
  func lookSoon() { look(in: Self.lookAfterEnd) }

  /// Removes the folder of a job that the ledger does not know any more as soon as no shepherd holds it, and calls `then`.
  func removeFolder(of id: JobID, then: @escaping () -> Void = {}) {
    ends.afterShepherd(of: id) { [launcher, log] in
      do throws(SystemError) { try launcher.remove(id) } catch {
        // It is taken away at the next start: the ledger does not know it any more.
        log.logger.warning("folder of a deleted job cannot be removed: \(error)", metadata: ["job": "\(id)"])
      }
      then()
    }
  }

  private func look(in delay: Duration) {
    if let next, next.timer.isPending {
      if next.due <= .now + delay { return }
      next.timer.cancel()
    }
    next = (.now + delay, reactor.after(delay) { [weak self] in self?.forgetDue() })
  }

  private func forgetDue() {
    do throws(LedgerError) {
      let due = try due()
      if due.isEmpty { return look(in: Self.lookAnyway) }
      for job in due { ledger.delete(job.id) }
      ledger.afterwards { [weak self] problem in
        guard let self else { return }
        if problem != nil { return look(in: Self.lookAnyway) }
        for job in due { removeFolder(of: job.id) }
        log.logger.debug("jobs forgotten", metadata: ["jobs": "\(due.count)"])
        look(in: Self.lookForMore)
      }
    } catch {
      log.logger.error("ledger: \(error)")
      look(in: Self.lookAnyway)
    }
  }

  /// As many of the jobs that are due as one turn forgets.
  private func due() throws(LedgerError) -> ArraySlice<EndedJob> {
    let first = try ledger.endedFirst(limit: Self.forgottenATurn)
    var bytes: Int64 = 0
    return rule.due(first, of: try ledger.ended(), now: .now()).prefix { job in
      defer { bytes += job.bytes }
      return bytes <= Self.removedBytesATurn
    }
  }
}
