import NIOCore
import Synchronization
import SystemCalls

/// Gives memory back: the pages of code when no client has come or asked for a while, and those of the heap when most of the
/// connections of an onrush are gone.
final class MemoryReturn: Sendable {
  private let metrics: ListenerMetrics
  private let seen = Atomic<UInt64>(0)
  private let isQuiet = Atomic(false)
  private let onrush = Mutex(Onrush())

  init(_ metrics: ListenerMetrics) {
    self.metrics = metrics
  }

  /// Goes on looking.
  func start(on loop: any EventLoop, every interval: TimeAmount = .seconds(Int64(ProgramPages.quietTime))) {
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

/// Many connections, of which most are gone some time later.
struct Onrush {
  /// Below so many connections the heap is too small to be worth a look: some 10 MB.
  static let least = 256

  private var most = 0

  /// Whether less than half of the most that were open since the last onrush are still there.
  ///
  /// - Parameters:
  ///   - open: how many are there now.
  ///   - newMost: the most that were since the last call.
  mutating func isOver(open: Int, most newMost: Int) -> Bool {
    most = max(most, newMost)
    guard most >= Self.least, open < most / 2 else { return false }
    most = open
    return true
  }
}
