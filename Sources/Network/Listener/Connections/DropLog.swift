import Logging
import NIOCore
import Synchronization

/// Logs that connections are dropped because of a global limit: when it begins, and their number once a minute.
final class DropLog: Sendable {
  private let log: Logger
  private let window: TimeAmount
  private let counts = Mutex<[Admission.Refusal: Int]>([:])

  init(_ log: Logger, window: TimeAmount = .minutes(1)) {
    self.log = log
    self.window = window
  }

  /// Counts a dropped connection; cheap, because there may be very many.
  ///
  /// - Parameters:
  ///   - reason: for the log.
  ///   - loop: the event loop on which the sum is logged later.
  func dropped(_ refusal: Admission.Refusal, _ reason: @autoclosure () -> String, on loop: any EventLoop) {
    let isFirst = counts.withLock { counts in
      counts[refusal, default: 0] += 1
      return counts[refusal] == 1
    }
    guard isFirst else { return }
    let reason = reason()
    log.warning("connections are dropped", metadata: ["reason": "\(reason)"])
    loop.scheduleTask(in: window) { self.sumUp(refusal, reason) }
  }

  private func sumUp(_ refusal: Admission.Refusal, _ reason: String) {
    let count = counts.withLock { $0.removeValue(forKey: refusal) ?? 0 }
    log.warning("\(count) connections were dropped in the last minute", metadata: ["reason": "\(reason)"])
  }
}
