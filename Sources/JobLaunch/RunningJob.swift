import AgentProtocol
import Glibc
import SystemCalls

/// A job whose shepherd lives, or has just ended.
public struct RunningJob: Sendable {
  /// The job.
  public let id: JobID
  /// Its shepherd: the descriptor polls readable when the job has ended and its exit record is on disk.
  public let shepherd: ProcessHandle

  /// Orders the job's end: TERM to all its processes, KILL after the grace time. The end itself is learnt from `shepherd`.
  ///
  /// Does nothing if the shepherd has ended.
  public func cancel() throws(SystemError) {
    do throws(SystemError) { try shepherd.send(SIGTERM) } catch  where error.code == ESRCH {}
  }
}

/// What has become of a job that an earlier agentd ordered to start.
public enum RecoveredJob: Sendable {
  /// Its shepherd lives.
  case running(RunningJob)
  /// It has ended, or is lost (state `interrupted`, with the reason).
  case ended(JobOutcome)
}
