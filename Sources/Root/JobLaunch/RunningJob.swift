import AgentProtocol
import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// A job whose shepherd is alive, or has just ended.
public struct RunningJob: Sendable {
  /// The job.
  public let id: JobID
  /// The shepherd. Its descriptor becomes readable when the job has ended and its exit record is on disk, or in the ledger.
  public let shepherd: ProcessHandle
  /// Becomes readable when the job has ended, or its shepherd has gone.
  ///
  /// `nil` for a job that does not report its end to this process, such as one that an earlier agentd started.
  public var report: FileDescriptor?
  /// What is known of its order; `nil` if an earlier agentd left it in the job's folder, or it cannot be recalled.
  public let order: RecalledOrder?

  /// Orders the end of the job: SIGTERM to all its processes, SIGKILL after the grace period. `shepherd` tells when it has ended.
  ///
  /// Does nothing if the shepherd has ended.
  public func cancel() throws(SystemError) {
    do throws(SystemError) {
      try shepherd.send(SIGTERM, value: ShepherdContract.cancellation)
    } catch  where error.code == ESRCH {}
  }

  /// Returns whether the job's end has been reported.
  ///
  /// Then `JobLauncher.outcome(of:)` can read it, but it may not be on disk: the shepherd waits for `endIsTaken()`.
  public func hasReportedEnd() -> Bool { report.map(EndReport.hasCome) ?? false }

  /// Tells the shepherd that the end is recorded durably, after which it only has to exit.
  public func endIsTaken() { report.map(EndReport.take) }

  /// Reaps the shepherd, which has ended, if it is a child.
  public func reap() {
    // By descriptor: the number of a shepherd that is not a child may now belong to another child.
    clinux_reap(shepherd.descriptor.raw)
  }

  /// Kills the shepherd; only for one whose end has been taken.
  public func endShepherd() { try? shepherd.send(SIGKILL) }
}

/// The state of a job whose start an earlier agentd ordered.
public enum RecoveredJob: Sendable {
  /// Its shepherd is alive. If the job was cancelled, cancel it again: the order may not have reached the shepherd.
  case running(RunningJob)
  /// It has ended, or is lost (state `interrupted`, with the reason).
  case ended(JobOutcome)
}
