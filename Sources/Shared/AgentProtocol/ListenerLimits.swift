/// The limits of a listener; the section `[limits]` of agentd.toml.
public struct ListenerLimits: Codable, Equatable, Sendable {
  /// The maximum number of connections of authenticated clients.
  public var connections = 10_000
  /// The maximum number of connections from one source: an IPv4 address, or the 64-bit network of an IPv6 host.
  public var connectionsPerSource = 5_000
  /// The early drop of connections that are not yet authenticated.
  public var unauthenticated = EarlyDrop(start: 500, rate: 30, full: 1_000)
  /// The maximum number of unauthenticated connections from one source.
  public var unauthenticatedPerSource = 250
  /// The maximum time from accepting a connection to the end of its TLS handshake, in seconds.
  public var handshakeTimeout = 10
  /// The maximum time that a connection may be idle, in seconds.
  public var idleTimeout = 300
  /// The maximum number of requests on one connection; it is then closed gracefully.
  public var requestsPerConnection = 100_000

  /// Creates the default limits.
  public init() {}
}

/// Random early drop, like MaxStartups of sshd_config(5). Below `start` connections nothing is dropped; from there on, each new one is
/// dropped with a probability of `rate` percent, which grows linearly to 100 percent at `full`.
public struct EarlyDrop: Codable, Equatable, Sendable {
  /// The number of connections below which none is dropped.
  public var start: Int
  /// The probability at `start`, in percent, 1 to 100.
  public var rate: Int
  /// The maximum number of connections; not less than `start`.
  public var full: Int

  public init(start: Int, rate: Int, full: Int) {
    self.start = start
    self.rate = rate
    self.full = full
  }

  /// Returns whether to drop a new connection when `present` others exist.
  ///
  /// - Parameter roll: a random number, 0 to 99.
  public func drops(beside present: Int, roll: Int) -> Bool {
    if present < start { return false }
    if present >= full { return true }
    return roll < rate + (100 - rate) * (present - start) / (full - start)
  }
}
