import AgentProtocol
import FoundationEssentials
import NIOCore
import Synchronization
import Values

/// The answer to `GET /v1/agent`, kept as JSON without the time. It is written when it is asked for: the counts change with each job.
final class AgentDocument: Sendable {
  private struct State {
    var status: AgentStatus
    /// The warnings of the listener, and of the supervisor.
    var warnings: (listener: [String], supervisor: [String]) = ([], [])
    /// The JSON before and after the time; `nil` if it is not up to date.
    var parts: (beforeTime: String, afterTime: String)?
  }

  private let state: Mutex<State>

  /// - Parameter status: its time is ignored; its warnings are the supervisor's.
  init(_ status: AgentStatus) {
    var state = State(status: status)
    state.warnings.supervisor = status.warnings
    self.state = Mutex(state)
  }

  /// Updates the counts, and the supervisor's warnings.
  func update(_ capacity: Capacity) {
    state.withLock { state in
      state.status.maxRunning = capacity.maxRunning
      state.status.maxQueued = capacity.maxQueued
      state.status.running = capacity.running
      state.status.queued = capacity.queued
      state.status.pools = capacity.pools
      state.warnings.supervisor = capacity.warnings
      state.parts = nil
    }
  }

  /// Updates the listener's warnings.
  func update(warnings: [String]) {
    state.withLock { state in
      guard state.warnings.listener != warnings else { return }
      state.warnings.listener = warnings
      state.parts = nil
    }
  }

  /// Writes the document with the time `timestamp` (RFC 3339).
  func write(to buffer: inout ByteBuffer, at timestamp: String) {
    let parts = state.withLock { state in
      if state.parts == nil { state.parts = Self.encode(state) }
      return state.parts
    }
    guard let parts else { return }
    buffer.writeString(parts.beforeTime)
    buffer.writeString(timestamp)
    buffer.writeString(parts.afterTime)
  }

  private static func encode(_ state: State) -> (beforeTime: String, afterTime: String)? {
    var status = state.status
    status.time = Timestamp(milliseconds: 0)
    status.warnings = state.warnings.listener + state.warnings.supervisor
    // Quotes inside a value are escaped, so this can only be the key.
    let (key, epoch) = ("\"time\":\"", "1970-01-01T00:00:00.000Z")
    guard let encoded = try? JSONAnswer.makeEncoder().encode(status),
      case let json = String(decoding: encoded, as: UTF8.self),
      let place = json.firstRange(of: key + epoch)
    else { return nil }
    return (json[..<place.lowerBound] + key, json[place.upperBound...] + "\n")
  }
}
