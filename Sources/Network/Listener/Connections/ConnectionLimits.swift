import AgentProtocol
import NIOCore

/// How many connections are served, and how long one may be without a proven client.
struct ConnectionLimits: Sendable {
  /// How many, of whom.
  var counts = ListenerLimits()
  /// From the acceptance of a connection to the end of its TLS handshake.
  var handshakeTime = TimeAmount.seconds(10)
  /// From the order to drain to the end of all connections; less than the supervisor's own limit, so that they end in good order.
  var drainTime = TimeAmount.seconds(290)
}

extension ConnectionLimits {
  init(_ limits: ListenerLimits) {
    counts = limits
    handshakeTime = .seconds(Int64(limits.handshakeTimeout))
  }
}
