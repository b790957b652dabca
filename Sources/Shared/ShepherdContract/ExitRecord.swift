/// The end of a job, as its shepherd records it on disk.
public struct ExitRecord: Equatable, Sendable {
  /// How the main process ended.
  public enum End: Equatable, Sendable {
    /// It exited with this code, 0 to 255.
    case exited(UInt8)
    /// This signal ended it.
    case signalled(Int32)
    /// It never ran.
    case couldNotStart(StartFailure)
  }

  /// What ended the job, if it did not end of its own accord.
  public enum Cause: UInt8, Sendable, CaseIterable {
    /// Nothing known to the shepherd.
    case none
    /// The shepherd, because the job timed out.
    case timeout
    /// The shepherd, because the job was cancelled.
    case cancel
    /// The shepherd, because the job exceeded its output limit.
    case outputLimit
    /// The kernel, because the job reached its memory limit.
    case memoryLimit
    /// The kernel, because the host, or a control group above the job's, was out of memory.
    case hostMemory
    /// The shepherd, because it got SIGTERM that no canceller sent: the host is shut down.
    case shutdown
  }

  /// When the shepherd began to start the job, in milliseconds since the epoch.
  public var startedAt: Int64
  /// When the main process had ended and no process of the job was left, in milliseconds since the epoch.
  public var finishedAt: Int64
  /// How the main process ended.
  public var end: End
  /// What ended the job.
  public var cause: Cause
  /// The user and system time of all processes of the job, in microseconds.
  public var cpuMicroseconds: UInt64
  /// The largest resident size of any process of the job, in bytes; with a control group that counts memory, the peak of all processes
  /// together.
  public var peakMemoryBytes: UInt64
  /// The number of processes to which the shepherd sent KILL or, after the end of the main process, TERM.
  public var killed: UInt32
  /// The number of processes that still exist: those that could not be killed because the kernel holds them or they belong to another user,
  /// and those that the job may leave.
  public var left: UInt32
  /// The number of output bytes dropped: they exceeded the limit, or could not be written.
  public var outputDropped: UInt64
  /// Whether output could not be written to its file: the disk was full, or failed. If nothing was dropped, an earlier shepherd saw a full
  /// disk, and only the job itself knows whether its writes failed.
  public var diskFull: Bool

  /// Creates a record without a cause, resource usage or leftover processes.
  public init(startedAt: Int64, finishedAt: Int64, end: End) {
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.end = end
    cause = .none
    cpuMicroseconds = 0
    peakMemoryBytes = 0
    killed = 0
    left = 0
    outputDropped = 0
    diskFull = false
  }
}

/// The step at which the start of a job failed, and the errno(3) value.
public struct StartFailure: Error, Equatable, Sendable {
  /// The steps of a start. From 4 to 12, the numbers are those of `enum clinux_job_stage`.
  public enum Stage: UInt32, Sendable, CaseIterable {
    /// Reading the order.
    case order = 1
    /// Opening the input file.
    case input
    /// fork(2) and related calls.
    case process
    /// setsid(2).
    case session
    /// Closing descriptors that the job must not inherit.
    case descriptors
    /// setgroups(2).
    case groups
    /// setresgid(2).
    case group
    /// setresuid(2).
    case user
    /// chdir(2).
    case directory
    /// execve(2).
    case program
    /// Entering the control group.
    case controlGroup
    /// setrlimit(2).
    case limits
    /// Opening the script.
    case script
    /// Creating the pipes for the output.
    case output
  }

  /// The step that failed.
  public var stage: Stage
  /// The value of errno(3).
  public var code: Int32

  public init(stage: Stage, code: Int32) {
    self.stage = stage
    self.code = code
  }
}

extension ExitRecord {
  /// The maximum size of an exit record, in bytes.
  public static let maximumBytes = 4096

  /// Returns the record as written to disk.
  public func encoded() throws(ContractError) -> [UInt8] {
    var writer = RecordWriter(.exit)
    writer.append(startedAt)
    writer.append(finishedAt)
    switch end {
    case .exited(let code):
      writer.append(0 as UInt8)
      writer.append(UInt32(code))
      writer.append(0 as Int32)
    case .signalled(let signal):
      writer.append(1 as UInt8)
      writer.append(0 as UInt32)
      writer.append(signal)
    case .couldNotStart(let failure):
      writer.append(2 as UInt8)
      writer.append(failure.stage.rawValue)
      writer.append(failure.code)
    }
    writer.append(cause.rawValue)
    writer.append(cpuMicroseconds)
    writer.append(peakMemoryBytes)
    writer.append(killed)
    writer.append(left)
    writer.append(outputDropped)
    writer.append(diskFull)
    return try writer.finished(limit: Self.maximumBytes)
  }

  /// Decodes a record strictly.
  public init(decoding bytes: [UInt8]) throws(ContractError) {
    var reader = try RecordReader(.exit, bytes, limit: Self.maximumBytes)
    self.init(
      startedAt: try reader.number(Int64.self), finishedAt: try reader.number(Int64.self), end: try End(&reader))
    guard let cause = Cause(rawValue: try reader.number(UInt8.self)) else { throw .invalid("cause") }
    self.cause = cause
    cpuMicroseconds = try reader.number(UInt64.self)
    peakMemoryBytes = try reader.number(UInt64.self)
    killed = try reader.number(UInt32.self)
    left = try reader.number(UInt32.self)
    outputDropped = try reader.number(UInt64.self)
    diskFull = try reader.flag("disk")
    try reader.finish()
  }
}

extension ExitRecord.End {
  fileprivate init(_ reader: inout RecordReader) throws(ContractError) {
    let kind = try reader.number(UInt8.self)
    let first = try reader.number(UInt32.self)
    let second = try reader.number(Int32.self)
    switch (kind, StartFailure.Stage(rawValue: first)) {
    case (0, _) where first <= 255 && second == 0: self = .exited(UInt8(first))
    case (1, _) where first == 0 && (1...64).contains(second): self = .signalled(second)
    case (2, let stage?): self = .couldNotStart(StartFailure(stage: stage, code: second))
    default: throw .invalid("end")
    }
  }
}
