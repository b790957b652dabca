import AgentProtocol
import Values

/// How a job ended, in the terms of the API.
public struct JobOutcome: Equatable, Sendable {
  /// The final state.
  public var state: JobState
  /// The exit code, 0 to 255, of a job that exited.
  public var exitCode: Int32?
  /// The name of the signal that ended the job.
  public var signal: String?
  /// The reason, if the state alone does not tell it.
  public var reason: String?
  /// When its program was started; `nil` if it was not, or if the time is unknown.
  public var startedAt: Timestamp?
  /// When it ended; `nil` if the time is unknown.
  public var finishedAt: Timestamp?
  /// The user and system time of all processes, in seconds.
  public var cpuSeconds: Double?
  /// The maximum resident size of a single process, in bytes; of all together if a control group measured it.
  public var peakMemoryBytes: Int64?
  /// The size of the output file, in bytes.
  public var outputBytes: Int64?
  /// The size of the file of descriptor 2, in bytes; `nil` if there is no separate one.
  public var stderrBytes: Int64?
  /// The number of bytes of the output that were dropped; `nil` if unknown.
  public var outputBytesDropped: Int64?
  /// Whether the disk of the output was full, or failed, while the job ran; `nil` if unknown.
  public var diskWasFull: Bool?
  /// The number of processes that had to be killed; `nil` if unknown.
  public var killed: Int?
  /// The number of processes that are still alive, also by request; `nil` if unknown.
  public var left: Int?
  /// Whether the job has not run because the host refused another process for the moment: it may be started again.
  public var mayStartLater = false
  /// Whether processes of the job may be left, because its shepherd was killed. See `JobRemains`.
  public var mayHaveRemains = false

  /// Creates an outcome of which only the state is known, and perhaps the reason.
  public init(_ state: JobState, reason: String? = nil) {
    self.state = state
    self.reason = reason
  }

  /// Creates the outcome of a job that was not started.
  public init(_ refusal: LaunchRefusal) {
    self.init(.couldNotStart, reason: refusal.description)
    mayStartLater = refusal.isOfTheMoment
  }

  /// Returns the outcome of a job that was cancelled before it was started.
  public static func cancelled(by client: String) -> JobOutcome {
    JobOutcome(.cancelled, reason: "cancelled by \(client)")
  }

  /// Enters the outcome into a job's status.
  ///
  /// A reason that the status already has is a warning, which is kept after the reason of this outcome. The recorded start time, that of
  /// the order, stays for a job whose end is unknown; without a start time, any other job was not started. An unknown end time becomes
  /// `now`.
  public func enter(into status: inout JobStatus, now: Timestamp) {
    status.state = state
    status.exitCode = exitCode
    status.signal = signal
    let reasons = [reason, status.reason].compactMap(\.self)
    status.reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    status.startedAt = startedAt ?? (state == .interrupted ? status.startedAt : nil)
    status.finishedAt = finishedAt ?? now
    status.cpuSeconds = cpuSeconds
    status.peakMemoryBytes = peakMemoryBytes
    status.outputBytes = outputBytes
    status.stderrBytes = stderrBytes
    status.outputBytesDropped = outputBytesDropped
    status.diskWasFull = diskWasFull
    status.killed = killed
    status.left = left
  }
}
