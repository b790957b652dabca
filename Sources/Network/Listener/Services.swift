import AgentProtocol
import Logging
import NIOCore
import OpenSSL

/// What connections share, whatever their event loop.
struct Services: Sendable {
  let supervisor: any SupervisorContact
  let agent: AgentDocument
  let outputs: OutputWatcher
  let limits: HTTPLimits
  /// Whether the supervisor is asked before a client is shown anything at all.
  var clientsAreRuled = false
  let log: Logger
  /// What `GET /metrics` tells.
  var metrics = ListenerMetrics()
}

/// What the connections of one event loop share.
final class LoopServices {
  /// The time for `Date` fields.
  var clock = WallClock()
  /// Where output is read into; whoever sends it takes it over, so that a waiting follower holds no buffer.
  var outputBuffer = ByteBuffer()
  private var clients: [Certificate: VerifiedClient] = [:]
  private static let mostClients = 256

  /// The client that a verified certificate stands for: said again for one that was asked for lately.
  func client(of certificate: Certificate) -> VerifiedClient {
    if let client = clients[certificate] { return client }
    if clients.count >= Self.mostClients { clients.removeAll() }
    let client = VerifiedClient(certificate)
    clients[certificate] = client
    return client
  }
}
