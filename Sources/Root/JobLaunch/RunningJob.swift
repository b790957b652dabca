import AgentProtocol
import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// A job whose shepherd lives, or has just ended.
public struct RunningJob: Sendable {
  /// The job.
  public let id: JobID
  /// Its shepherd: the descriptor polls readable when the job has ended and its exit record is on disk, or in the ledger.
  public let shepherd: ProcessHandle
  /// Polls readable when the job has ended, or its shepherd has gone. `nil` for a job that does not report its end, one that an
  /// earlier agentd started among them.
  public var report: FileDescriptor?

  /// Orders the job's end: TERM to all its processes, KILL after the grace time. The end itself is learnt from `shepherd`.
  ///
  /// Does nothing if the shepherd has ended.
  public func cancel() throws(SystemError) {
    do throws(SystemError) { try shepherd.send(SIGTERM) } catch  where error.code == ESRCH {}
  }

  /// Whether the job's end has been reported. Then `JobLauncher.outcome(of:)` knows it, but it may not be on the disk: the shepherd
  /// waits for `endIsTaken()`.
  public func hasReportedEnd() -> Bool { report.map(EndReport.hasCome) ?? false }

  /// Tells the shepherd that the end is recorded durably: it has nothing left to do but to end itself.
  public func endIsTaken() { report.map(EndReport.take) }

  /// Collects the shepherd, which has ended, if it is a child.
  public func reap() {
    // By descriptor: the number of a shepherd that is not a child may meanwhile belong to another child.
    clinux_reap(shepherd.descriptor.raw)
  }

  /// Ends the shepherd at once; for one whose end has been taken.
  public func endShepherd() { try? shepherd.send(SIGKILL) }

  /// Has the disk of its output, which was seen full, noted in the job's outcome.
  public func noteFullDisk() {
    // One that has ended has looked itself, at last.
    try? shepherd.send(ShepherdContract.diskFullSignal)
  }
}

/// What has become of a job that an earlier agentd ordered to start.
public enum RecoveredJob: Sendable {
  /// Its shepherd lives.
  case running(RunningJob)
  /// It has ended, or is lost (state `interrupted`, with the reason).
  case ended(JobOutcome)
}
