import MetricsText
import Synchronization
import Values

/// What the service has answered since it started.
final class EnrolmentCounts: Sendable {
  private struct Key: Hashable, Comparable {
    let resource: String
    let status: String

    static func < (one: Key, other: Key) -> Bool { (one.resource, one.status) < (other.resource, other.status) }
  }

  private let startedAt = Timestamp.now()
  private let state = Mutex<(answers: [Key: UInt64], refused: UInt64)>(([:], 0))

  /// Counts an answer.
  ///
  /// - Parameter resource: one of a fixed set of names.
  func answered(_ resource: String, status: UInt) {
    state.withLock { $0.answers[Key(resource: resource, status: "\(status / 100)xx"), default: 0] += 1 }
  }

  /// Counts a connection without an answer: a limit, or a handshake that failed.
  func refusedConnection() { state.withLock { $0.refused += 1 } }

  /// Adds the counts to a page.
  func add(to page: inout Exposition) {
    let (answers, refused) = state.withLock { $0 }
    page.add(
      "agentd_enrolment_start_time_seconds", .gauge, "When the service started, in seconds since the epoch.",
      [.init(startedAt)])
    page.add(
      "agentd_enrolment_requests_total", .counter, "Requests answered, by resource and class of status.",
      answers.sorted { $0.key < $1.key }.map {
        .init($0.value, ("resource", $0.key.resource), ("status", $0.key.status))
      })
    page.add(
      "agentd_enrolment_connections_refused_total", .counter,
      "Connections that ended without a request: a limit was reached, or the handshake failed.", [.init(refused)])
  }
}
