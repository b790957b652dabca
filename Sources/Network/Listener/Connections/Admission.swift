import AgentProtocol
import ConnectionSource
import SupervisorLink

/// Counts connections and decides which new ones to accept.
///
/// Strangers cannot keep schedulers out: unauthenticated connections do not count against authenticated ones, and a source from which a
/// client has authenticated before is not among the strangers that are dropped at random. Nor can a client keep out others, from however
/// many addresses it connects.
struct Admission {
  /// Why a connection is not accepted.
  ///
  /// The raw value names the limit in the metrics: mostly the key in `[limits]` that sets it.
  enum Refusal: String, Error, Hashable, CaseIterable {
    case tooMany = "connections"
    case tooManyOfClient = "connections_per_client"
    case tooManyOfSource = "connections_per_source"
    case tooManyUnauthenticated = "unauthenticated"
    case tooManyUnauthenticatedOfSource = "unauthenticated_per_source"
  }

  /// A connection whose client has not authenticated yet.
  struct Newcomer: Hashable {
    let source: Source
    /// Whether a client has authenticated from this source before.
    let isFamiliar: Bool
  }

  private struct Counts {
    var authenticated = 0
    var unauthenticated = 0
  }

  private let limits: ListenerLimits
  private var sources: [Source: Counts] = [:]
  private var familiar = RecentSources()
  private var clients: ClientShares<ClientKey>
  private var strangers = 0
  private var acquaintances = 0

  init(_ limits: ListenerLimits) {
    self.limits = limits
    clients = ClientShares(total: limits.connections, greed: Self.greed)
  }

  /// A scheduler that is alone gets seven eighths of all connections.
  private static let greed = 7

  /// The number of authenticated connections.
  var authenticated: Int { clients.held }

  /// The number of unauthenticated connections.
  var unauthenticated: Int { strangers + acquaintances }

  /// The number of sources with at least one connection.
  var sourceCount: Int { sources.count }

  /// Decides whether to accept a new connection.
  ///
  /// - Parameter roll: a random number, 0 to 99.
  mutating func arrived(from source: Source, roll: Int) -> Result<Newcomer, Refusal> {
    let counts = sources[source] ?? Counts()
    let newcomer = Newcomer(source: source, isFamiliar: familiar.contains(source))
    if authenticated >= limits.connections { return .failure(.tooMany) }
    if counts.authenticated + counts.unauthenticated >= limits.connectionsPerSource {
      return .failure(.tooManyOfSource)
    }
    if counts.unauthenticated >= limits.unauthenticatedPerSource { return .failure(.tooManyUnauthenticatedOfSource) }
    if newcomer.isFamiliar
      ? acquaintances >= limits.unauthenticated.full : limits.unauthenticated.drops(beside: strangers, roll: roll)
    {
      return .failure(.tooManyUnauthenticated)
    }
    count(newcomer, 1)
    return .success(newcomer)
  }

  /// Records that the client has authenticated.
  ///
  /// - Returns: why it is not served anyway: others were faster, or the rest is for other clients; `nil` if it is.
  mutating func proved(_ newcomer: Newcomer, _ client: ClientKey) -> Refusal? {
    familiar.note(newcomer.source)
    guard clients.take(for: client) else {
      return authenticated >= limits.connections ? .tooMany : .tooManyOfClient
    }
    count(newcomer, -1)
    sources[newcomer.source, default: Counts()].authenticated += 1
    return nil
  }

  /// Records the end of a connection that had not authenticated.
  mutating func gaveUp(_ newcomer: Newcomer) {
    count(newcomer, -1)
    forget(newcomer.source)
  }

  /// Records the end of an authenticated connection.
  mutating func left(_ source: Source, _ client: ClientKey) {
    clients.giveBack(of: client)
    sources[source]?.authenticated -= 1
    forget(source)
  }

  private mutating func count(_ newcomer: Newcomer, _ change: Int) {
    if newcomer.isFamiliar { acquaintances += change } else { strangers += change }
    sources[newcomer.source, default: Counts()].unauthenticated += change
  }

  private mutating func forget(_ source: Source) {
    guard let counts = sources[source], counts.authenticated == 0, counts.unauthenticated == 0 else { return }
    sources.removeValue(forKey: source)
  }
}

extension Admission.Refusal {
  /// Returns the reason for the log, with the key that sets the limit.
  func reason(_ limits: ListenerLimits) -> String {
    switch self {
    case .tooMany: "there are \(limits.connections) connections (connections in [limits])"
    case .tooManyOfClient:
      "this client has its share of the \(limits.connections) connections (connections in [limits]); the rest is for other clients"
    case .tooManyOfSource:
      "its address has \(limits.connectionsPerSource) connections (connections_per_source in [limits])"
    case .tooManyUnauthenticated:
      "too many clients have not authenticated yet (unauthenticated in [limits])"
    case .tooManyUnauthenticatedOfSource:
      "its address has \(limits.unauthenticatedPerSource) connections that have not authenticated yet (unauthenticated_per_source in [limits])"
    }
  }

  /// Whether the limit is for one peer, not a total.
  var isOfPeer: Bool { self == .tooManyOfClient || self == .tooManyOfSource || self == .tooManyUnauthenticatedOfSource }
}
