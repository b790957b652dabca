import AgentProtocol
import JobLaunch
import JobLedger
import Logging

/// When to try again to start a job for whose processes the host has no room at the moment (EAGAIN of fork(2): `ulimit -u`, `pids.max`).
struct StartAgain {
  /// How long a job is tried to be started before it ends as `could_not_start`.
  static let patience = Duration.seconds(60)
  private static let shortestPause = Duration.milliseconds(100)
  private static let longestPause = Duration.seconds(1)

  private let since = ContinuousClock.now
  private var pause = Self.shortestPause

  /// Whether it has been tried long enough.
  var isOver: Bool { .now - since >= Self.patience }

  /// Returns the pause before the next try: longer each time, and not the same for all jobs.
  mutating func nextPause() -> Duration {
    defer { pause = min(pause * 2, Self.longestPause) }
    return pause / 2 + .milliseconds(Int64.random(in: 0...Int64(pause / 2 / .milliseconds(1))))
  }
}

extension Jobs {
  /// Handles the end of a job: enters it into the ledger, unless the job has not run and may start later.
  func ended(_ id: JobID, _ outcome: JobOutcome) {
    guard outcome.mayStartLater, startAgain(id, outcome.reason ?? "") else { return finish(id, outcome) }
  }

  /// Starts a job again after a pause, with a new shepherd. Its processes were refused: it has not run.
  ///
  /// - Returns: whether it does; `false` if it has been tried long enough, or is cancelled.
  func startAgain(_ id: JobID, _ reason: String) -> Bool {
    guard var job = running[id], job.cancelledBy == nil else { return false }
    let isFirst = job.refusal == nil
    var refusal = job.refusal ?? StartAgain()
    guard !refusal.isOver else { return false }
    if isFirst {
      log.logger.notice("job cannot be started now; trying again", metadata: ["job": "\(id)", "reason": "\(reason)"])
    }
    let pause = refusal.nextPause()
    // As during a look-up, a cancellation ends it at once.
    (job.refusal, job.job, job.isLookedUp) = (refusal, nil, true)
    running[id] = job
    let serial = job.serial
    reactor.after(pause) { [weak self] in
      // Its first shepherd holds the folder until it has ended.
      self?.ends.afterShepherd(of: id) { self?.startAgainNow(id, serial) }
    }
    return true
  }

  private func startAgainNow(_ id: JobID, _ serial: UInt64) {
    guard let job = running[id], job.serial == serial, job.isLookedUp, job.cancelledBy == nil else { return }
    do throws(LedgerError) {
      guard let status = try ledger.status(of: id), let request = try ledger.request(of: id) else { return }
      lookUpAndStart(status, request)
    } catch {
      log.ledgerFails(error)
      reactor.after(Self.retryDelay) { [weak self] in self?.startAgainNow(id, serial) }
    }
  }
}
