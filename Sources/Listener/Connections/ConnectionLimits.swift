import NIOCore

/// How many connections are served, and how long one may be without a proven client.
struct ConnectionLimits: Sendable {
  /// Open connections in all.
  var connections = 10_000
  /// Of these, connections whose client has not yet proven who it is.
  var handshakes = 1_000
  /// From the acceptance of a connection to the end of its TLS handshake.
  var handshakeTime = TimeAmount.seconds(10)
  /// From the order to drain to the end of all connections.
  var drainTime = TimeAmount.seconds(30)
}
