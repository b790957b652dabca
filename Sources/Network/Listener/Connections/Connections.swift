import ConnectionSource
import NIOCore
import Synchronization

/// All open connections of the listener: counts them against the limits, and tells them when to finish.
final class Connections: Sendable {
  private enum Standing {
    case unproven(Admission.Newcomer)
    case proven(Source, ClientKey)
  }

  private struct State {
    var open: [ObjectIdentifier: (channel: any Channel, standing: Standing)] = [:]
    var admission: Admission
    /// The maximum number open since the last `takeMost()`.
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

  /// Counts a new connection until it closes.
  ///
  /// - Returns: why it is not accepted; `nil` if it is.
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

  /// Records that the client of a connection has authenticated.
  ///
  /// - Returns: why it is not served anyway; `nil` if it is.
  func proved(_ channel: any Channel, _ client: ClientKey) -> Admission.Refusal? {
    state.withLock { state in
      let key = ObjectIdentifier(channel)
      guard case .unproven(let newcomer)? = state.open[key]?.standing else { return nil }
      if let refusal = state.admission.proved(newcomer, client) { return refusal }
      state.open[key]?.standing = .proven(newcomer.source, client)
      return nil
    }
  }

  /// Whether connections close after their first answer.
  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// The numbers of open connections.
  var counts: (authenticated: Int, unauthenticated: Int) {
    state.withLock { ($0.admission.authenticated, $0.admission.unauthenticated) }
  }

  /// Returns the number of open connections, and the maximum since the last call.
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

  /// Lets the connections finish their current work. Call it only once.
  ///
  /// - Returns: a future that succeeds when no connection is left.
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

  /// Closes all open connections at once.
  func closeAll() {
    for channel in state.withLock({ $0.open.values.map(\.channel) }) { channel.close(promise: nil) }
  }

  private func closed(_ channel: any Channel) {
    let isLast = state.withLock { state in
      switch state.open.removeValue(forKey: ObjectIdentifier(channel))?.standing {
      case .unproven(let newcomer)?: state.admission.gaveUp(newcomer)
      case .proven(let source, let client)?: state.admission.left(source, client)
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
