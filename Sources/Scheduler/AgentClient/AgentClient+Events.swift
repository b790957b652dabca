import AgentProtocol
import FoundationEssentials
import NIOCore

/// An event in the stream of events.
public enum AgentEvent: Equatable, Sendable {
  /// The position from which on events are reported.
  case position(EventPosition)
  /// A job has changed its state.
  case changed(StateChange, EventPosition)
  /// What happened before this position is not known: the states of jobs have to be requested.
  case gap(EventPosition)
}

extension AgentClient {
  /// Watches all jobs of the agent.
  ///
  /// Each event is passed to `consumer` once and in order, even if connections are lost. Events that a restarted agent no longer has are
  /// reported as a gap.
  ///
  /// - Parameters:
  ///   - position: the position after the last known event; `nil` for the present.
  ///   - consumer: if it throws, the watch ends and this call throws the error.
  public func events(
    since position: EventPosition? = nil, to consumer: (AgentEvent) async throws -> Void
  ) async throws -> Never {
    var position = position
    var schedule = RetrySchedule(limits)
    while true {
      var decoder = EventDecoder()
      do {
        let path = position.map { "/v1/events?since=\($0)" } ?? "/v1/events"
        try await withAnswer(.GET, path) { answer, connection in
          guard answer.status == 200 else {
            throw AgentError(answer, try await self.document(of: connection))
          }
          while let part = try await connection.bytes(within: self.limits.stallTime) {
            schedule.succeeded()
            for event in try decoder.decode(part.readableBytesView) {
              position = event.position
              do { try await consumer(event) } catch { throw ConsumerFailure(cause: error) }
            }
          }
          throw AgentError.unreachable("the agent ended the stream of events")
        }
      } catch let error as ConsumerFailure {
        throw error.cause
      } catch let error as AgentError {
        try await schedule.wait(after: error)
      }
    }
  }

  private struct ConsumerFailure: Error {
    let cause: any Error
  }
}

extension AgentEvent {
  /// The position after the event.
  public var position: EventPosition {
    switch self {
    case .position(let position), .changed(_, let position), .gap(let position): position
    }
  }
}

/// Decodes the server-sent events of an agent; HTML Living Standard, section 9.2.
struct EventDecoder {
  /// The maximum length of a line, in bytes: an ID and little more.
  private static let lineLimit = 16384

  private var line: [UInt8] = []
  private var fields: [String: String] = [:]

  /// Returns the events that these bytes complete.
  ///
  /// - Throws: `AgentError.misconfigured` for what no agent sends.
  mutating func decode(_ bytes: some Sequence<UInt8>) throws(AgentError) -> [AgentEvent] {
    var events: [AgentEvent] = []
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        guard line.count < Self.lineLimit else { throw .misconfigured("a line of more than \(Self.lineLimit) bytes") }
        line.append(byte)
        continue
      }
      if line.isEmpty {
        if let event = try event() { events.append(event) }
        fields = [:]
      } else if line.first != UInt8(ascii: ":") {
        try takeField()
      }
      line.removeAll(keepingCapacity: true)
    }
    return events
  }

  private mutating func takeField() throws(AgentError) {
    let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    guard parts.count == 2, ["id", "event", "data"].contains(parts[0]), fields[parts[0]] == nil else {
      throw .misconfigured("not an event of an agent")
    }
    fields[parts[0]] = parts[1].first == " " ? String(parts[1].dropFirst()) : parts[1]
  }

  private func event() throws(AgentError) -> AgentEvent? {
    if fields.isEmpty { return nil }
    guard let position = fields["id"].flatMap(EventPosition.init) else {
      throw .misconfigured("an event without an id")
    }
    switch fields["event"] {
    case nil: return .position(position)
    case "gap": return .gap(position)
    case "state":
      return .changed(try decoded(StateChange.self, ByteBuffer(string: fields["data"] ?? "")), position)
    default: throw .misconfigured("an unknown event")
    }
  }
}
