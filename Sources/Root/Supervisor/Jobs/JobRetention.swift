import AgentConfiguration
import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls
import Values
import Wording

/// The rule for which ended jobs to forget.
struct Retention {
  var kept: AgentConfiguration.KeptJobs

  /// Returns the jobs at the start of `first` that have been kept for the maximum time.
  ///
  /// - Parameters:
  ///   - first: jobs that have ended, in the order of their ends, with none left out.
  ///   - oldest: the time before which ended jobs are no longer kept; `nil` if there is no such limit.
  func outdated(_ first: [EndedJob], endedBefore oldest: Timestamp?) -> ArraySlice<EndedJob> {
    guard let oldest else { return [] }
    return first.prefix { $0.finishedAt < oldest }
  }

  /// Returns at most `limit` jobs that exceed the limits: each time the oldest job of the owner that uses most of what is exceeded.
  ///
  /// So an owner loses only what it has used up itself.
  ///
  /// - Parameters:
  ///   - ended: the number and size of the ended jobs, by owner.
  ///   - oldest: returns the first jobs of an owner that ended, in order.
  func excess<Failure: Error>(
    of ended: [ExactText: EndedJobs], limit: Int, oldest: (String) throws(Failure) -> [EndedJob]
  ) throws(Failure) -> [EndedJob] {
    var (left, queues, due) = (ended, [ExactText: ArraySlice<EndedJob>](), [EndedJob]())
    var (jobs, bytes) = (left.values.reduce(0) { $0 + $1.jobs }, left.values.reduce(0) { $0 + $1.bytes })
    while due.count < limit {
      let isOver = (count: kept.count.map { jobs > $0 } ?? false, bytes: kept.bytes.map { bytes > Int64($0) } ?? false)
      guard isOver.count || isOver.bytes else { break }
      let largest = left.max { isOver.count ? $0.value.jobs < $1.value.jobs : $0.value.bytes < $1.value.bytes }
      guard let owner = largest?.key else { break }
      if queues[owner] == nil { queues[owner] = try oldest(owner.text)[...] }
      // Jobs that are counted but missing from the table cannot be forgotten.
      guard let job = queues[owner]?.popFirst() else {
        left[owner] = nil
        continue
      }
      due.append(job)
      (jobs, bytes) = (jobs - 1, bytes - job.bytes)
      left[owner]?.jobs -= 1
      left[owner]?.bytes -= job.bytes
    }
    return due
  }
}

/// Forgets ended jobs, a few per turn: first the record, then the folder.
///
/// The ID of a job that is forgotten early stays spent for the rest of the retention time.
final class JobRetention {
  /// How many jobs are forgotten in one turn, and the bytes of output after which the turn ends.
  ///
  /// Removal takes the file system time, and others get their turns in between.
  static let forgottenATurn = 50
  private static let removedBytesATurn: Int64 = 64 << 20
  /// The time until the next check: after a job ends; if there is more to forget; if nothing happens.
  private static let lookAfterEnd = Duration.seconds(1)
  private static let lookForMore = Duration.milliseconds(5)
  private static let lookAnyway = Duration.seconds(600)

  private let reactor: Reactor
  private let log: SupervisorLog
  private let ledger: GroupCommit
  // For the jobs' folders; its settings for starting jobs may be outdated.
  private let launcher: JobLauncher
  private let ends: JobEnds
  private var rule: Retention
  /// Called with each look.
  var looks: () -> Void = {}
  private var next: (due: ContinuousClock.Instant, timer: TimerQueue.Timer)?

  /// Keeps everything until `lookSoon()` or `adopt(_:)` is called.
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

  /// Adopts the retention rule of a new configuration.
  func adopt(_ kept: AgentConfiguration.KeptJobs) {
    rule.kept = kept
    lookSoon()
  }

  /// Schedules a check of the ended jobs.
  func lookSoon() { look(in: Self.lookAfterEnd) }

  /// Removes the folder of a job that is no longer in the ledger as soon as no shepherd holds it, and calls `then`.
  func removeFolder(of id: JobID, then: @escaping () -> Void = {}) {
    ends.afterShepherd(of: id) { [launcher, log] in
      do throws(SystemError) { try launcher.remove(id) } catch {
        // It is removed at the next start, because the ledger no longer knows it.
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
    looks()
    do throws(LedgerError) {
      ledger.noteAge(keeping: rule.kept.days)
      let oldest = try rule.kept.days.flatMap { days throws(LedgerError) in try ledger.endsToForget(after: days) }
      let outdated = try outdated(oldest)
      let excess = outdated.isEmpty ? try excess() : []
      let freed = ledger.forgetSpent(endedBefore: oldest, limit: Self.forgottenATurn)
      if outdated.isEmpty, excess.isEmpty, freed == 0 { return look(in: Self.lookAnyway) }
      for job in outdated { ledger.delete(job.id) }
      for job in excess { ledger.forgetButID(job.id) }
      let due = outdated + excess
      ledger.afterwards { [weak self] problem in
        guard let self else { return }
        if problem != nil { return look(in: Self.lookAnyway) }
        for job in due { removeFolder(of: job.id) }
        log.logger.debug("jobs forgotten", metadata: ["jobs": .stringConvertible(due.count)])
        look(in: Self.lookForMore)
      }
    } catch {
      log.ledgerFails(error)
      look(in: Self.lookAnyway)
    }
  }

  private func outdated(_ oldest: Timestamp?) throws(LedgerError) -> ArraySlice<EndedJob> {
    Self.turn(rule.outdated(try ledger.endedFirst(limit: Self.forgottenATurn), endedBefore: oldest))
  }

  private func excess() throws(LedgerError) -> ArraySlice<EndedJob> {
    let limit = Self.forgottenATurn
    let jobs = try rule.excess(of: try ledger.ended(), limit: limit) { owner throws(LedgerError) in
      try ledger.endedFirst(of: owner, limit: limit)
    }
    return Self.turn(jobs[...])
  }

  /// Returns as many of the due jobs as one turn forgets.
  private static func turn(_ jobs: ArraySlice<EndedJob>) -> ArraySlice<EndedJob> {
    var bytes: Int64 = 0
    return jobs.prefix { job in
      defer { bytes += job.bytes }
      return bytes <= removedBytesATurn
    }
  }
}
