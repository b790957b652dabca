import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls

/// Starts jobs, each below a shepherd of its own, and finds them again.
///
/// A job's files lie in the folder of its id below `folder`, which only agentd's user may enter.
public struct JobLauncher: Sendable {
  /// Where the jobs' folders are.
  public let folder: String
  /// The program file of the shepherd.
  public let shepherd: String

  /// Makes `folder` (0700) if it is missing, and checks that `shepherd` can be executed.
  public init(folder: String, shepherd: String) throws(SystemError) {
    self.folder = folder
    self.shepherd = shepherd
    throw SystemError("not yet", code: ENOSYS)
  }

  /// Makes the job's folder and starts its shepherd, which starts the job.
  ///
  /// Whatever goes wrong within the shepherd (no such directory, no such program) is learnt from `outcome(of:)`.
  ///
  /// - Throws: `LaunchRefusal`; then nothing was started and no folder is left.
  public func launch(_ id: JobID, _ request: JobRequest, as account: Account) throws(LaunchRefusal) -> RunningJob {
    throw LaunchRefusal("not yet")
  }

  /// Finds a job that an earlier agentd ordered to start.
  public func recover(_ id: JobID) throws(SystemError) -> RecoveredJob { throw SystemError("not yet", code: ENOSYS) }

  /// How a job ended whose shepherd has ended; reaps the shepherd if it is a child. A missing or unreadable exit record gives
  /// the state `interrupted`.
  public func outcome(of job: RunningJob) -> JobOutcome { JobOutcome(.interrupted) }

  /// Opens what the job has written, read-only.
  ///
  /// - Throws: `ENOENT` as long as the job was not launched.
  public func openOutput(of id: JobID) throws(SystemError) -> FileDescriptor {
    throw SystemError("not yet", code: ENOSYS)
  }

  /// The path of the file that the job writes to, for inotify(7).
  public func outputPath(of id: JobID) -> String {
    "\(folder)/\(id)/\(ShepherdContract.FileName.output)"
  }

  /// Bytes that the job has written so far; `nil` if it was not launched.
  public func outputBytes(of id: JobID) -> Int64? { nil }

  /// Removes the job's folder with all it holds, without following a symbolic link. A missing folder is no error.
  ///
  /// - Throws: `EBUSY` while its shepherd lives.
  public func remove(_ id: JobID) throws(SystemError) {}

  /// The ids of all folders.
  public func ids() throws(SystemError) -> [JobID] { [] }
}

/// A job whose shepherd lives, or has just ended.
public struct RunningJob: Sendable {
  /// The job.
  public let id: JobID
  /// Its shepherd: the descriptor polls readable when the job has ended and its exit record is on disk.
  public let shepherd: ProcessHandle

  /// Orders the job's end: TERM to all its processes, KILL after the grace time. The end itself is learnt from `shepherd`.
  ///
  /// Does nothing if the shepherd has ended.
  public func cancel() throws(SystemError) {}
}

/// What has become of a job that an earlier agentd ordered to start.
public enum RecoveredJob: Sendable {
  /// Its shepherd lives.
  case running(RunningJob)
  /// It has ended, or is lost (state `interrupted`, with the reason).
  case ended(JobOutcome)
}
