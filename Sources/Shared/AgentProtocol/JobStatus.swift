import Values

/// The status of a job: the answer to `GET /v1/jobs/{id}`, one flat object in which unknown facts are null.
public struct JobStatus: Codable, Equatable, Sendable {
  /// The maximum time that one request may wait for the end of a job, in seconds.
  public static let maximumWait = 3600.0

  /// The id that the client gave the job.
  public var id: JobID
  /// The job's state.
  public var state: JobState
  /// The exit code, 0 to 255, if the job exited.
  public var exitCode: Int32?
  /// The signal's name, for example `SIGKILL`, if a signal ended the job.
  public var signal: String?
  /// The reason, if the state alone does not explain it.
  public var reason: String?
  /// The program and its arguments.
  public var command: [String]
  /// The user that the job runs as.
  public var user: String
  /// The client that submitted it.
  public var client: ClientIdentity
  /// When it was accepted.
  public var submittedAt: Timestamp
  /// When its program was started.
  public var startedAt: Timestamp?
  /// When it ended.
  public var finishedAt: Timestamp?
  /// The user and system time of the job and its children, in seconds.
  public var cpuSeconds: Double?
  /// The largest resident size of any process of the job, in bytes.
  public var peakMemoryBytes: Int64?
  /// The size of the output file, in bytes.
  public var outputBytes: Int64?
  /// The size of the file for standard error, in bytes; `nil` if it is merged with the output, or unknown.
  public var stderrBytes: Int64?
  /// The number of bytes that the job wrote, on both streams, and that were dropped: beyond its output limit, or because the disk was full.
  /// `nil` if unknown: the job has not ended.
  public var outputBytesDropped: Int64?
  /// Whether the disk of the output was full, or failed, when the job wrote: its output is then incomplete. `nil` if unknown: the job has not
  /// ended, or its end is unknown.
  public var diskWasFull: Bool?
  /// The number of the job's processes that had to be killed: with SIGKILL or, after the end of the main process, with SIGTERM.
  public var killed: Int?
  /// The number of the job's processes that still exist after its end: 0, unless the kernel holds one or the job may leave some.
  public var left: Int?
  /// The pool that the job runs in.
  public var pool: String?
  /// The labels of the request.
  public var labels: [String: String]
  /// The trace that the job belongs to, as in `TraceContext`.
  public var traceparent: String?
  /// The state of the trace.
  public var tracestate: String?

  /// Creates the status of a job that was just accepted.
  public init(
    accepted id: JobID, command: [String], user: String, client: ClientIdentity, at submittedAt: Timestamp,
    labels: [String: String]
  ) {
    self.id = id
    state = .accepted
    self.command = command
    self.user = user
    self.client = client
    self.submittedAt = submittedAt
    self.labels = labels
  }

  enum CodingKeys: String, CodingKey {
    case id, state
    case exitCode = "exit_code"
    case signal, reason, command, user, client
    case submittedAt = "submitted_at"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
    case cpuSeconds = "cpu_seconds"
    case peakMemoryBytes = "peak_memory_bytes"
    case outputBytes = "output_bytes"
    case stderrBytes = "stderr_bytes"
    case outputBytesDropped = "output_bytes_dropped"
    case diskWasFull = "disk_was_full"
    case killed, left
    case pool, labels, traceparent, tracestate
  }

  /// Encodes every key; unknown values are null, so that a reader need not distinguish absent from unknown.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(state, forKey: .state)
    try container.encode(exitCode, forKey: .exitCode)
    try container.encode(signal, forKey: .signal)
    try container.encode(reason, forKey: .reason)
    try container.encode(command, forKey: .command)
    try container.encode(user, forKey: .user)
    try container.encode(client, forKey: .client)
    try container.encode(submittedAt, forKey: .submittedAt)
    try container.encode(startedAt, forKey: .startedAt)
    try container.encode(finishedAt, forKey: .finishedAt)
    try container.encode(cpuSeconds, forKey: .cpuSeconds)
    try container.encode(peakMemoryBytes, forKey: .peakMemoryBytes)
    try container.encode(outputBytes, forKey: .outputBytes)
    try container.encode(stderrBytes, forKey: .stderrBytes)
    try container.encode(outputBytesDropped, forKey: .outputBytesDropped)
    try container.encode(diskWasFull, forKey: .diskWasFull)
    try container.encode(killed, forKey: .killed)
    try container.encode(left, forKey: .left)
    try container.encode(pool, forKey: .pool)
    try container.encode(labels, forKey: .labels)
    try container.encode(traceparent, forKey: .traceparent)
    try container.encode(tracestate, forKey: .tracestate)
  }
}
