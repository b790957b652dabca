import AgentProtocol
import ClientVerification
import OpenSSL
import Synchronization
import Values

/// What a listener counts from start to end. A replacement listener starts at zero, as Prometheus expects of a restarted process.
final class ListenerMetrics: Sendable {
  /// A kind of request, and the class of its answer.
  struct Answered: Hashable, Sendable {
    /// `nil` if the request matches no operation.
    var operation: Operation?
    /// The first digit of the status code.
    var statusClass: Int
  }

  /// The version of agentd.
  let version: String
  /// The parts of the material that expire.
  let dated: DatedMaterial
  /// When the listener started.
  let startedAt = Timestamp.now()
  /// Successful handshakes, by TLS version.
  let accepted: [String: Counter]
  /// Failed handshakes, by the rule or fault.
  let refused: [String: Counter]
  /// Dropped connections, by the limit.
  let dropped: [Admission.Refusal: Counter]
  /// Answers, by operation and status class.
  let answered: [Answered: Counter]
  private let connections = Mutex<Connections?>(nil)

  /// A number that grows with every handshake and every answer.
  var activity: UInt64 {
    [Array(accepted.values), Array(refused.values), Array(answered.values)].joined().reduce(0) { $0 &+ $1.count }
  }

  init(version: String = agentdVersion, dated: DatedMaterial = DatedMaterial()) {
    (self.version, self.dated) = (version, dated)
    accepted = Self.counters(["TLSv1.2", "TLSv1.3"])
    refused = Self.counters(HandshakeFailure.rules + Breach.Rule.allCases.map(\.rawValue))
    dropped = Self.counters(Admission.Refusal.allCases)
    let operations = Operation.allCases.map { $0 as Operation? } + [nil]
    answered = Self.counters(
      operations.flatMap { operation in (2...5).map { Answered(operation: operation, statusClass: $0) } })
  }

  private static func counters<Key: Hashable>(_ keys: [Key]) -> [Key: Counter] {
    Dictionary(keys.map { ($0, Counter()) }) { first, _ in first }
  }

  /// Counts a successful handshake.
  func accepted(version: String) { accepted[version]?.add() }

  /// Counts a failed handshake.
  func refused(_ failure: HandshakeFailure) { (refused[failure.rule] ?? refused["other"])?.add() }

  /// Counts a connection that was dropped because of a limit.
  func dropped(_ refusal: Admission.Refusal) { dropped[refusal]?.add() }

  /// Counts an answer.
  func answered(_ operation: Operation?, status: Int) {
    answered[Answered(operation: operation, statusClass: status / 100)]?.add()
  }

  /// Reports on these connections from now on.
  func observe(_ connections: Connections) { self.connections.withLock { $0 = connections } }

  /// The connections that are open now.
  var open: (authenticated: Int, unauthenticated: Int) {
    connections.withLock { $0 }?.counts ?? (0, 0)
  }

  /// Returns the number of open connections, and the maximum since the last call.
  func takeMost() -> (now: Int, most: Int) { connections.withLock { $0 }?.takeMost() ?? (0, 0) }
}
