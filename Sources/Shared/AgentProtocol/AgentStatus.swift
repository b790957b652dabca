import Values

/// What a scheduler wants to know of an agent: the answer to `GET /v1/agent`.
public struct AgentStatus: Codable, Equatable, Sendable {
  /// The host's name.
  public var name: String
  /// agentd's version.
  public var version: String
  /// The host's clock.
  public var time: Timestamp
  /// Of the listener certificate.
  public var certificateThumbprint: Thumbprint
  /// When the listener certificate expires.
  public var certificateNotAfter: Timestamp
  /// How many jobs may run at once.
  public var maxRunning: Int
  /// How many jobs may wait.
  public var maxQueued: Int
  /// How many jobs run.
  public var running: Int
  /// How many jobs wait.
  public var queued: Int
  /// What an administrator should see to: certificates and revocation lists that expire soon, or have.
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

/// The part of an agent's status that only the supervisor knows; it tells the listener of each change.
public struct Capacity: Codable, Equatable, Sendable {
  /// How many jobs may run at once.
  public var maxRunning: Int
  /// How many jobs may wait.
  public var maxQueued: Int
  /// How many jobs run.
  public var running: Int
  /// How many jobs wait.
  public var queued: Int
  /// The pools, by name.
  public var pools: [PoolCapacity]

  public init(maxRunning: Int, maxQueued: Int, running: Int, queued: Int, pools: [PoolCapacity] = []) {
    self.pools = pools
    self.maxRunning = maxRunning
    self.maxQueued = maxQueued
    self.running = running
    self.queued = queued
  }
}

/// How busy a pool is.
public struct PoolCapacity: Codable, Equatable, Sendable {
  /// Its name.
  public var name: String
  /// How many of its jobs may run at once.
  public var maxRunning: Int
  /// How many of its jobs run.
  public var running: Int
  /// How many of its jobs wait.
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
