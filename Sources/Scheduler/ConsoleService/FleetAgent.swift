import AgentInventory
import AgentProtocol
import SchedulerRegistry
import Values

/// An agent as the page shows it.
struct FleetAgent: Encodable, Equatable, Sendable {
  let name: String
  let address: String
  let platform: String
  /// In the terms of the article, or `Asking` before the first answer.
  var state = "Asking"
  var reason: String?
  var version: String?
  var running: Int?
  var queued: Int?
  var maxRunning: Int?
  var certificateThumbprint: Thumbprint?
  var certificateNotAfter: Timestamp?
  /// When the first revocation list expires.
  var listsDue: Timestamp?
  var warnings: [String] = []
  /// When it was last Online, as far as this console has seen; nil while it is.
  var lastOnline: Timestamp?

  init(_ connector: ExecutorConnector) {
    name = connector.agentName
    address = HostAndPort.text(connector.host, connector.port)
    platform = connector.platform
  }

  enum CodingKeys: String, CodingKey {
    case name, address, platform, state, reason, version, running, queued, warnings
    case maxRunning = "max_running"
    case certificateThumbprint = "certificate_thumbprint"
    case certificateNotAfter = "certificate_not_after"
    case listsDue = "lists_due"
    case lastOnline = "last_online"
  }

  var isOnline: Bool { state == "Online" }

  /// Takes a state that was just found. What was known of an agent that is away stays, but for its jobs.
  mutating func update(_ found: AgentState, listsDue: Timestamp?, now: Timestamp) {
    if isOnline, found.name != "Online" { lastOnline = now }
    state = found.name
    reason = found.reason
    running = nil
    queued = nil
    warnings = []
    guard case .online(let status) = found else { return }
    lastOnline = nil
    version = status.version
    running = status.running
    queued = status.queued
    maxRunning = status.maxRunning
    certificateThumbprint = status.certificateThumbprint
    certificateNotAfter = status.certificateNotAfter
    warnings = status.warnings
    self.listsDue = listsDue
  }
}

/// How busy an agent was at a moment.
struct LoadSample: Encodable, Sendable {
  let at: Timestamp
  let running: Int
  let queued: Int
}

/// What has changed since a page asked last.
struct FleetChanges: Encodable, Sendable {
  /// What to ask with next time.
  let revision: UInt64
  /// Whether these are all agents, in place of what the page has.
  let isAll: Bool
  let agents: [FleetAgent]
  /// Why the registry cannot be read; nil if it can.
  let trouble: String?

  enum CodingKeys: String, CodingKey {
    case revision, agents, trouble
    case isAll = "all"
  }
}
