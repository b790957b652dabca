import AgentProtocol
import ClientVerification
import OpenSSL
import Synchronization
import Values

/// What a listener counts, from its start to its end. One that takes its place begins at nought, as Prometheus expects of a
/// process that was started again.
final class ListenerMetrics: Sendable {
  /// What was asked, and how it was answered.
  struct Answered: Hashable, Sendable {
    /// Nil where nothing of the kind is there.
    var operation: Operation?
    /// The first digit of the status.
    var statusClass: Int
  }

  /// agentd's version.
  let version: String
  /// What of the material has an end.
  let dated: DatedMaterial
  /// When the listener started.
  let startedAt = Timestamp.now()
  /// Handshakes of clients who were let in, by TLS version.
  let accepted: [String: Counter]
  /// Handshakes that failed, by the rule or fault.
  let refused: [String: Counter]
  /// Connections dropped, by the limit.
  let dropped: [Admission.Refusal: Counter]
  /// Answers.
  let answered: [Answered: Counter]
  private let connections = Mutex<Connections?>(nil)

  /// A number that grows with every client that comes and every answer.
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

  /// Counts a handshake that ended well.
  func accepted(version: String) { accepted[version]?.add() }

  /// Counts a handshake that failed.
  func refused(_ failure: HandshakeFailure) { (refused[failure.rule] ?? refused["other"])?.add() }

  /// Counts a connection that a limit kept out.
  func dropped(_ refusal: Admission.Refusal) { dropped[refusal]?.add() }

  /// Counts an answer.
  func answered(_ operation: Operation?, status: Int) {
    answered[Answered(operation: operation, statusClass: status / 100)]?.add()
  }

  /// Looks at these connections from here on.
  func observe(_ connections: Connections) { self.connections.withLock { $0 = connections } }

  /// The connections that are open now.
  var open: (authenticated: Int, unauthenticated: Int) {
    connections.withLock { $0 }?.counts ?? (0, 0)
  }

  /// How many connections are open now, and the most that were since this was last asked.
  func takeMost() -> (now: Int, most: Int) { connections.withLock { $0 }?.takeMost() ?? (0, 0) }
}
