import AgentProtocol
import NIOCore

/// How many connections are served, and how long one may take to authenticate.
struct ConnectionLimits: Sendable {
  /// The maximum numbers of connections.
  var counts = ListenerLimits()
  /// The maximum time from accepting a connection to the end of its TLS handshake.
  var handshakeTime = TimeAmount.seconds(10)
  /// The maximum time from the drain request to the end of all connections.
  ///
  /// Less than the supervisor's own limit, so that they can end cleanly.
  var drainTime = TimeAmount.seconds(290)
}

extension ConnectionLimits {
  init(_ limits: ListenerLimits) {
    counts = limits
    handshakeTime = .seconds(Int64(limits.handshakeTimeout))
  }
}
