import Values

/// What is known of a job: the answer to `GET /v1/jobs/{id}` (DESIGN of the API: one flat object, absent facts are null).
public struct JobStatus: Codable, Equatable, Sendable {
  /// The longest that one request may wait for a job's end, in seconds.
  public static let maximumWait = 3600.0

  /// The client's id of the job.
  public var id: JobID
  /// Where the job is on its way.
  public var state: JobState
  /// The exit code, 0 to 255, of a job that exited.
  public var exitCode: Int32?
  /// The signal's name, for example `SIGKILL`, of a job that a signal ended.
  public var signal: String?
  /// Why, where the state alone does not say.
  public var reason: String?
  /// The program and its arguments.
  public var command: [String]
  /// The user that it runs as.
  public var user: String
  /// Who submitted it.
  public var client: ClientIdentity
  /// When it was accepted.
  public var submittedAt: Timestamp
  /// When its program was started.
  public var startedAt: Timestamp?
  /// When it ended.
  public var finishedAt: Timestamp?
  /// User and system time of the job with its children, in seconds.
  public var cpuSeconds: Double?
  /// Largest resident size of one process of the job, in bytes.
  public var peakMemoryBytes: Int64?
  /// Bytes in the output file.
  public var outputBytes: Int64?
  /// Bytes in the file of what it wrote to descriptor 2; `nil` if that went with the output, or nothing is known.
  public var stderrBytes: Int64?
  /// Bytes that the job wrote beyond its output limit, on both streams, and that were cut off. `nil` if nobody knows: the job has not ended, or
  /// its disk was full.
  public var outputBytesDropped: Int64?
  /// Whether the disk of the output was seen full while the job ran: what it wrote may be incomplete then, which only the job
  /// itself can know. `nil` if nobody has looked: the job has not ended, or its end is unknown.
  public var diskWasFull: Bool?
  /// Processes of the job that had to be killed (SIGKILL).
  public var killed: Int?
  /// Processes of the job that are still there after its end: 0, unless the kernel holds one.
  public var left: Int?
  /// The pool that it runs in.
  public var pool: String?
  /// The labels of the request.
  public var labels: [String: String]

  /// The status of a job that was just accepted.
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
    case pool, labels
  }

  /// Writes every key; what is not known is null, so that a reader need not tell absent from unknown.
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
  }
}
