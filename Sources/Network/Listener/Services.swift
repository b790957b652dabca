import AgentProtocol
import Logging
import NIOCore
import OpenSSL

/// What all connections share, on every event loop.
struct Services: Sendable {
  let supervisor: any SupervisorContact
  let agent: AgentDocument
  let outputs: OutputWatcher
  let limits: HTTPLimits
  /// Whether to ask the supervisor before a client is shown anything.
  var clientsAreRuled = false
  let log: Logger
  /// What is divided among the clients.
  let allowances: Allowances
  /// The figures for `GET /metrics`.
  let metrics: ListenerMetrics

  init(
    supervisor: any SupervisorContact, agent: AgentDocument, outputs: OutputWatcher, limits: HTTPLimits,
    clientsAreRuled: Bool = false, log: Logger, allowances: Allowances? = nil,
    metrics: ListenerMetrics = ListenerMetrics()
  ) {
    self.supervisor = supervisor
    self.agent = agent
    self.outputs = outputs
    self.limits = limits
    self.clientsAreRuled = clientsAreRuled
    self.log = log
    self.metrics = metrics
    self.allowances = allowances ?? Allowances(limits)
  }
}

/// What the connections of one event loop share.
final class LoopServices {
  /// The clock for `Date` fields.
  var clock = WallClock()
  /// The buffer that output is read into. Whoever sends it takes its storage, so that a waiting follower holds no buffer.
  var outputBuffer = ByteBuffer()
  private var clients: [Certificate: VerifiedClient] = [:]
  private static let mostClients = 256

  /// Returns the client of a verified certificate; remembers recent ones.
  func client(of certificate: Certificate) -> VerifiedClient {
    if let client = clients[certificate] { return client }
    if clients.count >= Self.mostClients { clients.removeAll() }
    let client = VerifiedClient(certificate)
    clients[certificate] = client
    return client
  }
}
