import NIOCore
import Synchronization
import SystemCalls

/// Returns memory to the system.
///
/// Pages of code are returned after the start and after a while without clients and requests, pages of the heap after most connections of a surge have closed.
final class MemoryReturn: Sendable {
  private let metrics: ListenerMetrics
  private let seen = Atomic<UInt64>(0)
  private let isQuiet = Atomic(false)
  private let onrush = Mutex(Onrush())

  init(_ metrics: ListenerMetrics) {
    self.metrics = metrics
  }

  /// Returns what only the start needed, then keeps checking at each interval.
  func start(on loop: any EventLoop, every interval: TimeAmount = .seconds(Int64(ProgramPages.quietTime))) {
    loop.scheduleTask(in: .seconds(Int64(ProgramPages.startTime))) { ProgramPages.giveBack() }
    loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.look() }
  }

  private func look() {
    let open = metrics.takeMost()
    if onrush.withLock({ $0.isOver(open: open.now, most: open.most) }) { Heap.giveBack() }
    let activity = metrics.activity
    guard seen.exchange(activity, ordering: .relaxed) == activity else {
      return isQuiet.store(false, ordering: .relaxed)
    }
    if !isQuiet.exchange(true, ordering: .relaxed) { ProgramPages.giveBack() }
  }
}

/// A large number of connections, most of which close some time later.
struct Onrush {
  /// The minimum size of a surge. With fewer connections the heap is too small to be worth a check: some 10 MB.
  static let least = 256

  private var most = 0

  /// Returns whether fewer than half of the maximum since the last surge are still open.
  ///
  /// - Parameters:
  ///   - open: the number of connections open now.
  ///   - newMost: the maximum since the last call.
  mutating func isOver(open: Int, most newMost: Int) -> Bool {
    most = max(most, newMost)
    guard most >= Self.least, open < most / 2 else { return false }
    most = open
    return true
  }
}
