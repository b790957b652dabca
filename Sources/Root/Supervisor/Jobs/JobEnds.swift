import AgentProtocol
import JobLaunch
import Logging
import SystemCalls

/// Learns of the end of each running job, once: from its shepherd's report, or from the end of the shepherd.
///
/// The remains of a killed shepherd's job are ended first.
final class JobEnds {
  /// How long processes that do not die are killed, and the time between two rounds.
  private static let remainsPatience = Duration.seconds(10)
  private static let remainsPause = Duration.milliseconds(10)

  /// The watches that report a job's end. Each fires once.
  private struct Watches {
    var shepherd: Reactor.Watch?
    var report: Reactor.Watch?
  }

  /// A shepherd that has reported its job's end, and what waits for its own end.
  private struct EndingShepherd {
    let job: RunningJob
    let watch: Reactor.Watch
    var followers: [() -> Void] = []
  }

  /// A job whose shepherd was killed, until none of its processes is left.
  private struct Lost {
    var remains: JobRemains
    let outcome: JobOutcome
    let since = ContinuousClock.now
  }

  private let reactor: Reactor
  private let log: SupervisorLog
  // For the contents of the jobs' folders; its settings for starting jobs may be outdated.
  private let launcher: JobLauncher
  private var watches: [JobID: Watches] = [:]
  private var ending: [JobID: EndingShepherd] = [:]
  private var lost: [Lost] = []
  /// Enters the end of a job into the ledger, and calls `isDurable(_:)` when it is on disk.
  var enter: (JobID, JobOutcome) -> Void = { _, _ in }

  init(on reactor: Reactor, log: SupervisorLog, launcher: JobLauncher) {
    self.reactor = reactor
    self.log = log
    self.launcher = launcher
  }

  /// Whether any shepherd is alive whose job's end was entered.
  var shepherdsAreEnding: Bool { !ending.isEmpty }

  /// Waits until the shepherd of a job reports the job's end or ends itself.
  func watch(_ job: RunningJob) {
    do throws(SystemError) {
      var watches = Watches()
      if let report = job.report {
        watches.report = try reactor.watch(report, for: .readable) { [weak self] _ in self?.endWasReported(job) }
      }
      watches.shepherd = try reactor.watch(job.shepherd.descriptor, for: .readable) { [weak self] _ in
        self?.shepherdEnded(job)
      }
      self.watches[job.id] = watches
    } catch {
      log.logger.error("job cannot be watched: \(error)", metadata: ["job": "\(job.id)"])
      reactor.after(Jobs.retryDelay) { [weak self] in self?.watch(job) }
    }
  }

  /// Enters the end of a job, after ending what a killed shepherd left behind.
  ///
  /// - Parameter order: what is known of the job's order.
  func settle(_ id: JobID, _ order: RecalledOrder?, _ outcome: JobOutcome) {
    guard outcome.mayHaveRemains else { return enter(id, outcome) }
    lost.append(Lost(remains: JobRemains(of: id, order, launcher), outcome: outcome))
    // Once for all shepherds that were killed together: each walk examines every process on the host.
    if lost.count == 1 { reactor.after(.zero) { [weak self] in self?.endRemains() } }
  }

  /// Tells the shepherd that reported the end that it is in the ledger on disk; the shepherd then exits.
  ///
  /// If it is not told, it leaves the record on disk, where the next agentd finds it.
  func isDurable(_ id: JobID) { ending[id]?.job.endIsTaken() }

  /// Calls `follower` when no shepherd holds the job's folder any longer; immediately if none does.
  func afterShepherd(of id: JobID, _ follower: @escaping () -> Void) {
    guard let shepherd = ending[id] else { return follower() }
    ending[id]?.followers.append(follower)
    // It has nothing left to do, but may be stopped.
    shepherd.job.endShepherd()
  }

  private func endWasReported(_ job: RunningJob) {
    watches[job.id]?.report = nil
    guard job.hasReportedEnd(), let watch = watches[job.id]?.shepherd else { return }
    let outcome = launcher.outcome(of: job)
    // The record cannot be read: what that means is decided when the shepherd has ended.
    if outcome.mayHaveRemains { return }
    watches[job.id] = nil
    ending[job.id] = EndingShepherd(job: job, watch: watch)
    enter(job.id, outcome)
  }

  /// Enters the end of a job that was not reported; forgets the shepherd of one that was.
  private func shepherdEnded(_ job: RunningJob) {
    if let ended = ending.removeValue(forKey: job.id) {
      job.reap()
      for follower in ended.followers { follower() }
      return
    }
    watches[job.id] = nil
    settle(job.id, job.order, launcher.outcome(of: job))
  }

  private func endRemains() {
    var remains = lost.map(\.remains)
    _ = JobRemains.end(&remains)
    let looked = zip(lost, remains).map { lost, remains in
      var lost = lost
      lost.remains = remains
      return lost
    }
    let isSettled: (Lost) -> Bool = { $0.remains.remaining.isEmpty || .now - $0.since > Self.remainsPatience }
    lost = looked.filter { !isSettled($0) }
    if !lost.isEmpty { reactor.after(Self.remainsPause) { [weak self] in self?.endRemains() } }
    for lost in looked where isSettled(lost) { enter(lost.remains.id, lost.remains.outcome(lost.outcome)) }
  }
}
