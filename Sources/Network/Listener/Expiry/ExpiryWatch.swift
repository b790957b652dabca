import Logging
import NIOCore
import Synchronization
import Values

/// Says what is about to expire: at the start, when it becomes news, and once a day for as long as it lasts. Nobody reads the
/// first lines of a daemon that has run for a year.
final class ExpiryWatch: Sendable {
  private struct State {
    /// When each warning was last in the log, in seconds since the epoch.
    var logged: [String: Int64] = [:]
    var timer: RepeatedTask?
    var isStopped = false
  }

  /// Seconds after which a warning is logged again.
  static let day: Int64 = 86400

  private let material: DatedMaterial
  private let log: Logger
  private let now: @Sendable () -> Timestamp
  private let publish: @Sendable ([String]) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - now: the host's clock.
  ///   - publish: given all warnings that hold, each time they are looked for.
  init(
    _ material: DatedMaterial, _ log: Logger, now: @escaping @Sendable () -> Timestamp = { .now() },
    publish: @escaping @Sendable ([String]) -> Void = { _ in }
  ) {
    self.material = material
    self.log = log
    self.now = now
    self.publish = publish
  }

  /// Looks, and logs what is news or has not been logged for a day.
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

  /// Goes on looking.
  func start(on loop: any EventLoop, every interval: TimeAmount = .minutes(10)) {
    let timer = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.look() }
    state.withLock { $0.timer = timer }
  }

  /// Ends: another listener says it from here on.
  func stop() {
    state.withLock { state in
      state.timer?.cancel()
      (state.timer, state.isStopped) = (nil, true)
    }
  }
}
