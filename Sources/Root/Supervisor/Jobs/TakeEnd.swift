import AgentProtocol
import JobLaunch

/// A shepherd that has reported its job's end, and what waits for its own.
struct EndingShepherd {
  let job: RunningJob
  let watch: Reactor.Watch?
  var followers: [() -> Void] = []
}

extension Jobs {
  /// Takes the end that a job's shepherd has reported into the ledger. The shepherd is told once it is durable, and ends then; if it
  /// is not told, it leaves the record on the disk, and the next agentd finds it there.
  func endWasReported(_ job: RunningJob) {
    running[job.id]?.reportWatch = nil
    guard job.hasReportedEnd(), let watch = running[job.id]?.watch else { return }
    let outcome = launcher.outcome(of: job)
    // A record that cannot be read: what that means is settled when the shepherd has ended.
    if outcome.mayHaveRemains { return }
    running[job.id]?.watch = nil
    ending[job.id] = EndingShepherd(job: job, watch: watch)
    finish(job.id, outcome)
  }

  /// Enters the end of a job that was not reported, or forgets the shepherd of one that was.
  func shepherdEnded(_ job: RunningJob) {
    if let ended = ending.removeValue(forKey: job.id) {
      job.reap()
      for follower in ended.followers { follower() }
      return
    }
    running[job.id]?.watch = nil
    running[job.id]?.reportWatch = nil
    settle(job.id, launcher.outcome(of: job))
  }

  /// Calls `follower` when no shepherd holds the job's folder any more; at once, where none does.
  func afterShepherd(of id: JobID, _ follower: @escaping () -> Void) {
    guard let shepherd = ending[id] else { return follower() }
    ending[id]?.followers.append(follower)
    // It has nothing to do any more, but may be stopped.
    shepherd.job.endShepherd()
  }
}
