import NIOCore
import Synchronization

/// All open connections of the listener: counted against the limits, and told when it is time to go.
final class Connections: Sendable {
  private struct State {
    var open: [ObjectIdentifier: any Channel] = [:]
    var handshaking = 0
    var isDraining = false
    var allClosed: EventLoopPromise<Void>?
  }

  private let limits: ConnectionLimits
  private let state = Mutex(State())

  init(_ limits: ConnectionLimits) {
    self.limits = limits
  }

  /// Counts a new connection in, and out again when it closes.
  ///
  /// - Returns: why it is refused; `nil` if it is not.
  func admit(_ channel: any Channel) -> String? {
    let refusal = state.withLock { state -> String? in
      if state.open.count >= limits.connections { return "the limit of \(limits.connections) connections is reached" }
      if state.handshaking >= limits.handshakes {
        return "the limit of \(limits.handshakes) connections in their handshake is reached"
      }
      state.open[ObjectIdentifier(channel)] = channel
      state.handshaking += 1
      return nil
    }
    if refusal == nil { channel.closeFuture.whenComplete { _ in self.closed(channel) } }
    return refusal
  }

  /// A handshake has ended, well or badly.
  func handshakeEnded() {
    state.withLock { $0.handshaking -= 1 }
  }

  /// How many connections are open.
  var count: Int { state.withLock { $0.open.count } }

  /// How many of them are in their handshake.
  var handshakeCount: Int { state.withLock { $0.handshaking } }

  /// Whether connections are to be closed after their first answer.
  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// Sends a user event through each open connection's pipeline.
  func tellAll(_ event: any Sendable) {
    for channel in state.withLock({ Array($0.open.values) }) { channel.pipeline.fireUserInboundEventTriggered(event) }
  }

  /// Lets connections finish what they do; those that are left after the limit's time are cut off.
  ///
  /// - Returns: done when none is left. To be called once.
  func drain(on loop: any EventLoop) -> EventLoopFuture<Void> {
    let promise = loop.makePromise(of: Void.self)
    let open = state.withLock { state in
      state.isDraining = true
      state.allClosed = promise
      return Array(state.open.values)
    }
    if open.isEmpty { allClosed()?.succeed() }
    for channel in open { channel.pipeline.fireUserInboundEventTriggered(DrainRequested()) }
    let cutOff = loop.scheduleTask(in: limits.drainTime) { self.closeAll() }
    promise.futureResult.whenComplete { _ in cutOff.cancel() }
    return promise.futureResult
  }

  private func closeAll() {
    for channel in state.withLock({ Array($0.open.values) }) { channel.close(promise: nil) }
  }

  private func closed(_ channel: any Channel) {
    let isLast = state.withLock { state in
      state.open.removeValue(forKey: ObjectIdentifier(channel))
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
