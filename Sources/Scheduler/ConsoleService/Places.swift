import Synchronization

/// A number of places that tasks take and leave; who finds none waits, as long as not too many wait already.
final class Places: Sendable {
  private struct State {
    var free: Int
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let maximumWaiting: Int
  private let state: Mutex<State>

  init(_ count: Int, waiting: Int) {
    maximumWaiting = waiting
    state = Mutex(State(free: count))
  }

  /// Runs `body` in a place.
  ///
  /// - Throws: `ConsoleRefusal` if too many wait; what `body` throws.
  func taken<Value>(_ body: () async throws -> Value) async throws -> Value {
    try await take()
    defer { leave() }
    return try await body()
  }

  private func take() async throws {
    let isFull = state.withLock { $0.free == 0 && $0.waiting.count >= maximumWaiting }
    if isFull { throw ConsoleRefusal(.serviceUnavailable, "too many requests at once; try again") }
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        if state.free > 0 {
          state.free -= 1
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
  }

  private func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.waiting.isEmpty {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}
