import ConnectionSource
import NIOCore
import Synchronization

/// All open connections of the listener: counted against the limits, and told when it is time to go.
final class Connections: Sendable {
  private enum Standing {
    case unproven(Admission.Newcomer)
    case proven(Source)
  }

  private struct State {
    var open: [ObjectIdentifier: (channel: any Channel, standing: Standing)] = [:]
    var admission: Admission
    /// The most that were open since this was last asked.
    var most = 0
    var isDraining = false
    var allClosed: EventLoopPromise<Void>?
  }

  let limits: ConnectionLimits
  private let state: Mutex<State>

  init(_ limits: ConnectionLimits) {
    self.limits = limits
    state = Mutex(State(admission: Admission(limits.counts)))
  }

  /// Counts a new connection in, and out again when it closes.
  ///
  /// - Returns: why it is not taken; `nil` if it is.
  func admit(_ channel: any Channel, from source: Source) -> Admission.Refusal? {
    let refusal = state.withLock { state -> Admission.Refusal? in
      switch state.admission.arrived(from: source, roll: Int.random(in: 0..<100)) {
      case .failure(let refusal): return refusal
      case .success(let newcomer):
        state.open[ObjectIdentifier(channel)] = (channel, .unproven(newcomer))
        state.most = max(state.most, state.open.count)
        return nil
      }
    }
    if refusal == nil { channel.closeFuture.whenComplete { _ in self.closed(channel) } }
    return refusal
  }

  /// The client of a connection has proven who it is.
  ///
  /// - Returns: why it is not served all the same; `nil` if it is.
  func proved(_ channel: any Channel) -> Admission.Refusal? {
    state.withLock { state in
      let key = ObjectIdentifier(channel)
      guard case .unproven(let newcomer)? = state.open[key]?.standing else { return nil }
      if let refusal = state.admission.proved(newcomer) { return refusal }
      state.open[key]?.standing = .proven(newcomer.source)
      return nil
    }
  }

  /// Whether connections are to be closed after their first answer.
  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// How many are open.
  var counts: (authenticated: Int, unauthenticated: Int) {
    state.withLock { ($0.admission.authenticated, $0.admission.unauthenticated) }
  }

  /// How many are open, and the most that were since this was last asked.
  func takeMost() -> (now: Int, most: Int) {
    state.withLock { state in
      defer { state.most = state.open.count }
      return (state.open.count, state.most)
    }
  }

  /// Sends a user event through each open connection's pipeline.
  func tellAll(_ event: any Sendable) {
    for channel in state.withLock({ $0.open.values.map(\.channel) }) {
      channel.pipeline.fireUserInboundEventTriggered(event)
    }
  }

  /// Lets connections finish what they do.
  ///
  /// - Returns: done when none is left. To be called once.
  func drain(on loop: any EventLoop) -> EventLoopFuture<Void> {
    let promise = loop.makePromise(of: Void.self)
    let isEmpty = state.withLock { state in
      state.isDraining = true
      state.allClosed = promise
      return state.open.isEmpty
    }
    if isEmpty { allClosed()?.succeed() }
    tellAll(DrainRequested())
    return promise.futureResult
  }

  /// Cuts off all that are open.
  func closeAll() {
    for channel in state.withLock({ $0.open.values.map(\.channel) }) { channel.close(promise: nil) }
  }

  private func closed(_ channel: any Channel) {
    let isLast = state.withLock { state in
      switch state.open.removeValue(forKey: ObjectIdentifier(channel))?.standing {
      case .unproven(let newcomer)?: state.admission.gaveUp(newcomer)
      case .proven(let source)?: state.admission.left(source)
      case nil: break
      }
      return state.open.isEmpty
    }
    if isLast { allClosed()?.succeed() }
  }

  private func allClosed() -> EventLoopPromise<Void>? {
    state.withLock { state in
      defer { state.allClosed = nil }
      return state.allClosed
    }
  }
}
