import Values

/// The status of an agent, for schedulers: the answer to `GET /v1/agent`.
public struct AgentStatus: Codable, Equatable, Sendable {
  /// The host's name.
  public var name: String
  /// agentd's version.
  public var version: String
  /// The host's clock.
  public var time: Timestamp
  /// The thumbprint of the listener certificate.
  public var certificateThumbprint: Thumbprint
  /// When the listener certificate expires.
  public var certificateNotAfter: Timestamp
  /// The maximum number of running jobs.
  public var maxRunning: Int
  /// The maximum number of queued jobs.
  public var maxQueued: Int
  /// The number of running jobs.
  public var running: Int
  /// The number of queued jobs.
  public var queued: Int
  /// What needs an administrator's attention: certificates and revocation lists that expire soon or have expired, and a disk that is full
  /// or fails.
  public var warnings: [String]
  /// The pools, by name.
  public var pools: [PoolCapacity] = []

  public init(
    name: String, version: String, time: Timestamp, certificateThumbprint: Thumbprint, certificateNotAfter: Timestamp,
    maxRunning: Int, maxQueued: Int, running: Int, queued: Int, warnings: [String] = []
  ) {
    self.name = name
    self.version = version
    self.time = time
    self.certificateThumbprint = certificateThumbprint
    self.certificateNotAfter = certificateNotAfter
    self.maxRunning = maxRunning
    self.maxQueued = maxQueued
    self.running = running
    self.queued = queued
    self.warnings = warnings
  }

  enum CodingKeys: String, CodingKey {
    case name, version, time
    case certificateThumbprint = "certificate_thumbprint"
    case certificateNotAfter = "certificate_not_after"
    case maxRunning = "max_running"
    case maxQueued = "max_queued"
    case running, queued, pools, warnings
  }
}

/// The part of an agent's status that only the supervisor knows; it sends every change to the listener.
public struct Capacity: Codable, Equatable, Sendable {
  /// The maximum number of running jobs.
  public var maxRunning: Int
  /// The maximum number of queued jobs.
  public var maxQueued: Int
  /// The number of running jobs.
  public var running: Int
  /// The number of queued jobs.
  public var queued: Int
  /// The pools, by name.
  public var pools: [PoolCapacity]
  /// The supervisor's part of the warnings.
  public var warnings: [String]

  public init(
    maxRunning: Int, maxQueued: Int, running: Int, queued: Int, pools: [PoolCapacity] = [], warnings: [String] = []
  ) {
    self.pools = pools
    self.warnings = warnings
    self.maxRunning = maxRunning
    self.maxQueued = maxQueued
    self.running = running
    self.queued = queued
  }
}

/// The load of a pool.
public struct PoolCapacity: Codable, Equatable, Sendable {
  /// The pool's name.
  public var name: String
  /// The maximum number of its jobs that run at once.
  public var maxRunning: Int
  /// The number of its running jobs.
  public var running: Int
  /// The number of its queued jobs.
  public var queued: Int

  public init(name: String, maxRunning: Int, running: Int, queued: Int) {
    self.name = name
    self.maxRunning = maxRunning
    self.running = running
    self.queued = queued
  }

  enum CodingKeys: String, CodingKey {
    case name, running, queued
    case maxRunning = "max_running"
  }
}
