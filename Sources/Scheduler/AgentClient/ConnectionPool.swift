import HTTPSClient
import NIOCore
import OpenSSL
import Synchronization

/// The connections to one agent: kept when they are free, opened when none is free, and limited in number.
final class ConnectionPool: Sendable {
  private struct State {
    var free: [HTTPSConnection] = []
    var inUse = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
    var isClosed = false
  }

  private let address: ServerAddress
  private let context: TLSClientContext
  private let limits: ClientLimits
  private let group: any EventLoopGroup
  private let state = Mutex(State())

  init(_ address: ServerAddress, _ context: TLSClientContext, _ limits: ClientLimits, _ group: any EventLoopGroup) {
    self.address = address
    self.context = context
    self.limits = limits
    self.group = group
  }

  /// Returns a connection for exclusive use until it is given back.
  ///
  /// `isKept` tells whether it has already been used, so that the agent may be about to close it; a `fresh` one has not.
  func take(fresh: Bool) async throws -> (connection: HTTPSConnection, isKept: Bool) {
    await takePlace()
    while let kept = state.withLock({ $0.free.popLast() }) {
      if kept.isOpen, !fresh { return (kept, true) }
      // The fresh connection takes its place: with both, there could be more than the limit.
      kept.close()
      if fresh { break }
    }
    do {
      return (try await HTTPSConnection.open(to: address, context, within: limits.connectTime, on: group), false)
    } catch {
      leavePlace(nil)
      throw error
    }
  }

  /// Gives a connection back; `isReusable` if its last answer was read to the end.
  func giveBack(_ connection: HTTPSConnection, isReusable: Bool) {
    if isReusable && connection.isOpen { return leavePlace(connection) }
    connection.close()
    leavePlace(nil)
  }

  /// Closes the free connections; those in use are closed when they are given back.
  func close() {
    let free = state.withLock { state in
      state.isClosed = true
      defer { state.free = [] }
      return state.free
    }
    for connection in free { connection.close() }
  }

  private func takePlace() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        if state.inUse < limits.connections {
          state.inUse += 1
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
  }

  private func leavePlace(_ connection: HTTPSConnection?) {
    let (next, surplus) = state.withLock { state in
      var surplus: HTTPSConnection?
      if state.isClosed { surplus = connection } else if let connection { state.free.append(connection) }
      guard !state.waiting.isEmpty else {
        state.inUse -= 1
        return (nil as CheckedContinuation<Void, Never>?, surplus)
      }
      return (state.waiting.removeFirst(), surplus)
    }
    surplus?.close()
    next?.resume()
  }
}
