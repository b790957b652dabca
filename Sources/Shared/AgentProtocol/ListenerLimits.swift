/// What a listener takes on; the section `[limits]` of agentd.toml.
public struct ListenerLimits: Codable, Equatable, Sendable {
  /// Connections of clients who have proven who they are, in all.
  public var connections = 10_000
  /// Connections of one source: an IPv4 address, or the 64-bit network that an IPv6 host has to itself.
  public var connectionsPerSource = 5_000
  /// Connections whose client has not yet proven who it is.
  public var unauthenticated = EarlyDrop(start: 500, rate: 30, full: 1_000)
  /// Of these, connections of one source.
  public var unauthenticatedPerSource = 250
  /// From the acceptance of a connection to the end of its TLS handshake, in seconds.
  public var handshakeTimeout = 10
  /// How long a connection may be without a request, in seconds.
  public var idleTimeout = 300
  /// Requests of one connection, after which it is closed in good order.
  public var requestsPerConnection = 100_000

  /// The defaults.
  public init() {}
}

/// Random early drop, as MaxStartups of sshd_config(5) has it: up to `start` connections nothing is dropped; from there on
/// each new one with a probability of `rate` percent, which grows in proportion to 100 percent at `full`.
public struct EarlyDrop: Codable, Equatable, Sendable {
  /// So many are never dropped.
  public var start: Int
  /// Percent, 1 to 100.
  public var rate: Int
  /// More there never are; not less than `start`.
  public var full: Int

  public init(start: Int, rate: Int, full: Int) {
    self.start = start
    self.rate = rate
    self.full = full
  }

  /// Whether a new connection is dropped, beside `present` others.
  ///
  /// - Parameter roll: a random number, 0 to 99.
  public func drops(beside present: Int, roll: Int) -> Bool {
    if present < start { return false }
    if present >= full { return true }
    return roll < rate + (100 - rate) * (present - start) / (full - start)
  }
}
