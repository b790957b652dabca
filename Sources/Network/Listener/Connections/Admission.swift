import AgentProtocol
import ConnectionSource

/// Counts connections, and decides which new ones are taken.
///
/// Strangers cannot keep schedulers out: connections that have not proven who they are do not count against those that
/// have, and a source from which a client has proven itself before is not among the strangers of whom some are dropped.
struct Admission {
  /// Why a connection is not taken.
  ///
  /// The raw value is the key in `[limits]` that decides it.
  enum Refusal: String, Error, Hashable, CaseIterable {
    case tooMany = "connections"
    case tooManyOfSource = "connections_per_source"
    case tooManyUnauthenticated = "unauthenticated"
    case tooManyUnauthenticatedOfSource = "unauthenticated_per_source"
  }

  /// A connection whose client has not yet proven who it is.
  struct Newcomer: Hashable {
    let source: Source
    /// Whether it comes from where a client has proven itself before.
    let isFamiliar: Bool
  }

  private struct Counts {
    var authenticated = 0
    var unauthenticated = 0
  }

  private let limits: ListenerLimits
  private var sources: [Source: Counts] = [:]
  private var familiar = RecentSources()
  private(set) var authenticated = 0
  private var strangers = 0
  private var acquaintances = 0

  init(_ limits: ListenerLimits) {
    self.limits = limits
  }

  /// How many have not proven who they are.
  var unauthenticated: Int { strangers + acquaintances }

  /// How many sources have a connection.
  var sourceCount: Int { sources.count }

  /// Takes a new connection, or not.
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

  /// The client has proven who it is.
  ///
  /// - Returns: why it is nevertheless not served: others were quicker.
  mutating func proved(_ newcomer: Newcomer) -> Refusal? {
    familiar.note(newcomer.source)
    if authenticated >= limits.connections { return .tooMany }
    count(newcomer, -1)
    authenticated += 1
    sources[newcomer.source, default: Counts()].authenticated += 1
    return nil
  }

  /// A connection has ended that had not proven who it is.
  mutating func gaveUp(_ newcomer: Newcomer) {
    count(newcomer, -1)
    forget(newcomer.source)
  }

  /// A connection has ended that had.
  mutating func left(_ source: Source) {
    authenticated -= 1
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
  /// For the log, with the key that changes it.
  func reason(_ limits: ListenerLimits) -> String {
    switch self {
    case .tooMany: "there are \(limits.connections) connections (connections in [limits])"
    case .tooManyOfSource:
      "its address has \(limits.connectionsPerSource) connections (connections_per_source in [limits])"
    case .tooManyUnauthenticated:
      "too many clients have not authenticated yet (unauthenticated in [limits])"
    case .tooManyUnauthenticatedOfSource:
      "its address has \(limits.unauthenticatedPerSource) connections that have not authenticated yet (unauthenticated_per_source in [limits])"
    }
  }

  /// Whether it is about one source, or about all.
  var isOfSource: Bool { self == .tooManyOfSource || self == .tooManyUnauthenticatedOfSource }
}
