import AgentProtocol
import Values

/// How a job ended, in the words of the API.
public struct JobOutcome: Equatable, Sendable {
  /// A final state.
  public var state: JobState
  /// The exit code, 0 to 255, of a job that exited.
  public var exitCode: Int32?
  /// The signal's name of a job that a signal ended.
  public var signal: String?
  /// Why, where the state alone does not say.
  public var reason: String?
  /// When its program was started; `nil` if it was not, or if that is unknown.
  public var startedAt: Timestamp?
  /// When it ended; `nil` if that is unknown.
  public var finishedAt: Timestamp?
  /// User and system time of all processes, in seconds.
  public var cpuSeconds: Double?
  /// Largest resident size of one process, in bytes; of all together where a control group counts it.
  public var peakMemoryBytes: Int64?
  /// Bytes in the output file.
  public var outputBytes: Int64?
  /// Bytes in the file of descriptor 2; `nil` if it has none.
  public var stderrBytes: Int64?
  /// Bytes cut off the output; `nil` if that is unknown.
  public var outputBytesDropped: Int64?
  /// Whether the disk of the output was seen full while it ran; `nil` if that is unknown.
  public var diskWasFull: Bool?
  /// Processes that had to be killed; `nil` if that is unknown.
  public var killed: Int?
  /// Processes still there; `nil` if that is unknown.
  public var left: Int?
  /// Whether nobody has made sure that the job's processes are gone: its shepherd was killed. See `JobRemains`.
  public var mayHaveRemains = false

  /// An outcome of which nothing but the state is known.
  public init(_ state: JobState, reason: String? = nil) {
    self.state = state
    self.reason = reason
  }

  /// Enters the outcome into a job's status. What its reason says already is a warning, which stays, behind this one's. A moment that is unknown leaves the one that is there; without any, `now` is when
  /// the job ended.
  public func enter(into status: inout JobStatus, now: Timestamp) {
    status.state = state
    status.exitCode = exitCode
    status.signal = signal
    let reasons = [reason, status.reason].compactMap(\.self)
    status.reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    status.startedAt = startedAt ?? status.startedAt
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
