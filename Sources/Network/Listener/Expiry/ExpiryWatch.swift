import Logging
import NIOCore
import Synchronization
import Values

/// Warns of what is about to expire: at the start, when a warning first applies, and once a day while it lasts.
///
/// Nobody reads the first lines of the log of a daemon that has run for a year.
final class ExpiryWatch: Sendable {
  private struct State {
    /// When each warning was last logged, in seconds since the epoch.
    var logged: [String: Int64] = [:]
    var timer: RepeatedTask?
    var isStopped = false
  }

  /// The interval after which a warning is logged again, in seconds.
  static let day: Int64 = 86400

  private let material: DatedMaterial
  private let log: Logger
  private let now: @Sendable () -> Timestamp
  private let publish: @Sendable ([String]) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - now: the host's clock.
  ///   - publish: called after each check with all current warnings.
  init(
    _ material: DatedMaterial, _ log: Logger, now: @escaping @Sendable () -> Timestamp = { .now() },
    publish: @escaping @Sendable ([String]) -> Void = { _ in }
  ) {
    self.material = material
    self.log = log
    self.now = now
    self.publish = publish
  }

  /// Checks, and logs the warnings that are new or were last logged a day or more ago.
  func look() {
    let time = now().seconds
    let warnings = material.warnings(at: time)
    let due = state.withLock { state in
      if state.isStopped { return [ExpiryWarning]() }
      // A clock that was set back must not silence a warning.
      let due = warnings.filter { warning in state.logged[warning.key].map { abs(time - $0) >= Self.day } ?? true }
      state.logged = state.logged.filter { key, _ in warnings.contains { $0.key == key } }
      for warning in due { state.logged[warning.key] = time }
      return due
    }
    for warning in due { log.warning("\(warning.text)") }
    publish(warnings.map(\.text))
  }

  /// Keeps checking at each interval.
  func start(on loop: any EventLoop, every interval: TimeAmount = .minutes(10)) {
    let timer = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.look() }
    state.withLock { $0.timer = timer }
  }

  /// Stops: another listener takes over the warnings.
  func stop() {
    state.withLock { state in
      state.timer?.cancel()
      (state.timer, state.isStopped) = (nil, true)
    }
  }
}
