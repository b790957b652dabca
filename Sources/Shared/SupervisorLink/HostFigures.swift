import AgentProtocol
import Values

/// The supervisor's counters: the part of `GET /metrics` that a listener cannot know. Counted since the supervisor started.
public struct HostFigures: Codable, Equatable, Sendable {
  /// The number of jobs that ended in one final state.
  public struct Ended: Codable, Equatable, Sendable {
    /// The final state.
    public var state: JobState
    /// The number of jobs.
    public var count: UInt64

    public init(state: JobState, count: UInt64) {
      self.state = state
      self.count = count
    }
  }

  /// The resource usage of an agentd process; proc_pid_stat(5).
  public struct ProcessUse: Codable, Equatable, Sendable {
    /// `supervisor`, `listener` or `signer`.
    public var role: String
    /// The resident memory, in bytes.
    public var residentBytes: Int64
    /// The processor time, in seconds.
    public var cpuSeconds: Double

    public init(role: String, residentBytes: Int64, cpuSeconds: Double) {
      self.role = role
      self.residentBytes = residentBytes
      self.cpuSeconds = cpuSeconds
    }
  }

  /// When the supervisor started.
  public var startedAt: Timestamp
  /// The current capacity and load.
  public var capacity: Capacity
  /// The number of accepted jobs.
  public var submitted: UInt64 = 0
  /// The number of ended jobs, by final state.
  public var ended: [Ended] = []
  /// How long ended jobs had waited before they started.
  public var waited = DurationHistogram()
  /// How long ended jobs ran.
  public var ran = DurationHistogram()
  /// The size of the ledger on disk, in bytes.
  public var ledgerBytes: Int64 = 0
  /// The free space on the disk of the jobs, in bytes; nil if unknown.
  public var diskFreeBytes: UInt64?
  /// The free space required to accept a job, in bytes.
  public var diskFloorBytes: UInt64?
  /// The number of listeners started to replace one that died.
  public var listenerRestarts: UInt64 = 0
  /// The number of successful reloads.
  public var reloads: UInt64 = 0
  /// The number of failed reloads, after which the old configuration stayed in use.
  public var failedReloads: UInt64 = 0
  /// The number of renewals that produced a new listener certificate.
  public var renewals: UInt64 = 0
  /// The number of renewals of the listener certificate that failed.
  public var failedRenewals: UInt64 = 0
  /// When the next renewal begins, or the current one began; nil if there is no automatic renewal.
  public var nextRenewal: Timestamp?
  /// The number of successful requests for newer revocation lists, whether there were any or not.
  public var refreshes: UInt64 = 0
  /// The number of requests for revocation lists that failed.
  public var failedRefreshes: UInt64 = 0
  /// When such a request last succeeded; nil if none has.
  public var lastRefresh: Timestamp?
  /// The processes that could be examined.
  public var processes: [ProcessUse] = []
  /// The number of the supervisor's open descriptors; nil if unknown.
  public var openDescriptors: Int?

  /// Creates the figures of a supervisor that has just started.
  public init(startedAt: Timestamp, capacity: Capacity) {
    self.startedAt = startedAt
    self.capacity = capacity
  }
}
