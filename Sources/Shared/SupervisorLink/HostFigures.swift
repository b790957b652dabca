import AgentProtocol
import Values

/// What the supervisor counts: the part of `GET /metrics` that a listener cannot know. Counted from the supervisor's start.
public struct HostFigures: Codable, Equatable, Sendable {
  /// Jobs that have come to one final state.
  public struct Ended: Codable, Equatable, Sendable {
    /// The state.
    public var state: JobState
    /// How many.
    public var count: UInt64

    public init(state: JobState, count: UInt64) {
      self.state = state
      self.count = count
    }
  }

  /// What a process of agentd's takes; proc_pid_stat(5).
  public struct ProcessUse: Codable, Equatable, Sendable {
    /// `supervisor`, `listener` or `signer`.
    public var role: String
    /// Memory in RAM.
    public var residentBytes: Int64
    /// Time on the processor, in seconds.
    public var cpuSeconds: Double

    public init(role: String, residentBytes: Int64, cpuSeconds: Double) {
      self.role = role
      self.residentBytes = residentBytes
      self.cpuSeconds = cpuSeconds
    }
  }

  /// When the supervisor started.
  public var startedAt: Timestamp
  /// The counts of the moment.
  public var capacity: Capacity
  /// Jobs that were taken in.
  public var submitted: UInt64 = 0
  /// Jobs that have ended, for each final state.
  public var ended: [Ended] = []
  /// How long jobs that have ended had waited before they started.
  public var waited = DurationHistogram()
  /// How long they ran.
  public var ran = DurationHistogram()
  /// Bytes of the ledger on the disk.
  public var ledgerBytes: Int64 = 0
  /// Free bytes of the disk of the jobs; nil where that cannot be told.
  public var diskFreeBytes: UInt64?
  /// How many of them have to be free for a job to be taken in.
  public var diskFloorBytes: UInt64?
  /// Listeners that were started in place of one that died.
  public var listenerRestarts: UInt64 = 0
  /// Reloads after which the new configuration served.
  public var reloads: UInt64 = 0
  /// Reloads after which the old one stayed.
  public var failedReloads: UInt64 = 0
  /// Renewals of the listener's certificate after which there was a new one.
  public var renewals: UInt64 = 0
  /// Renewals of it after which there was none.
  public var failedRenewals: UInt64 = 0
  /// When the next is begun, or the present one was; nil if it is not renewed by itself.
  public var nextRenewal: Timestamp?
  /// The processes that could be looked at.
  public var processes: [ProcessUse] = []
  /// Descriptors that the supervisor has open; nil where that cannot be told.
  public var openDescriptors: Int?

  /// Figures of a supervisor that has done nothing yet.
  public init(startedAt: Timestamp, capacity: Capacity) {
    self.startedAt = startedAt
    self.capacity = capacity
  }
}
