import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls

extension Jobs {
  /// How long processes are killed that do not die, and how long between two rounds.
  static let remainsPatience = Duration.seconds(10)
  static let remainsPause = Duration.milliseconds(10)

  /// A job whose shepherd was killed, until nothing of it is left.
  struct Lost {
    var remains: JobRemains
    let outcome: JobOutcome
    let since = ContinuousClock.now
  }

  /// Enters the end of a job, after ending what a killed shepherd left of it.
  func settle(_ id: JobID, _ outcome: JobOutcome) {
    guard outcome.mayHaveRemains else { return finish(id, outcome) }
    lost.append(Lost(remains: JobRemains(of: id, launcher), outcome: outcome))
    // Once for all shepherds that were killed together: each walk looks at every process of the host.
    if lost.count == 1 { reactor.after(.zero) { [weak self] in self?.endRemains() } }
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
    for lost in looked where isSettled(lost) { finish(lost.remains.id, lost.remains.outcome(lost.outcome)) }
  }
}
