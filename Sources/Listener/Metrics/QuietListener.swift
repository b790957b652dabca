import NIOCore
import Synchronization
import SystemCalls

/// Gives memory back when no client has come or asked for a while.
final class QuietListener: Sendable {
  private let metrics: ListenerMetrics
  private let seen = Atomic<UInt64>(0)
  private let isDone = Atomic(false)

  init(_ metrics: ListenerMetrics) {
    self.metrics = metrics
  }

  /// Goes on looking.
  func start(on loop: any EventLoop, every interval: TimeAmount = .seconds(Int64(ProgramPages.quietTime))) {
    loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.look() }
  }

  private func look() {
    let activity = metrics.activity
    guard seen.exchange(activity, ordering: .relaxed) == activity else {
      return isDone.store(false, ordering: .relaxed)
    }
    if !isDone.exchange(true, ordering: .relaxed) { ProgramPages.giveBack() }
  }
}
