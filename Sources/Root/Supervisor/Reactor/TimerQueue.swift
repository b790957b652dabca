/// Timers ordered by their deadlines, in a binary heap.
struct TimerQueue {
  /// A timer. It calls its handler once, or never if it is cancelled first.
  final class Timer {
    fileprivate let deadline: ContinuousClock.Instant
    private var handler: (() -> Void)?

    fileprivate init(_ deadline: ContinuousClock.Instant, _ handler: @escaping () -> Void) {
      self.deadline = deadline
      self.handler = handler
    }

    /// Whether the handler has been neither called nor cancelled.
    var isPending: Bool { handler != nil }

    /// Cancels the timer and releases the handler with all that it holds.
    func cancel() {
      handler = nil
    }

    /// Calls the handler the first time.
    func fire() {
      let handler = handler
      self.handler = nil
      handler?()
    }
  }

  private var heap: [Timer] = []

  /// Adds a timer for `deadline`.
  mutating func add(at deadline: ContinuousClock.Instant, _ handler: @escaping () -> Void) -> Timer {
    let timer = Timer(deadline, handler)
    heap.append(timer)
    siftUp(from: heap.count - 1)
    return timer
  }

  /// Returns the milliseconds until the next timer is due, rounded up, as epoll_wait(2) expects them: -1 if there is none.
  mutating func millisecondsToNext(now: ContinuousClock.Instant) -> Int32 {
    dropCancelled()
    guard let next = heap.first else { return -1 }
    let remaining = now.duration(to: next.deadline)
    guard remaining > .zero else { return 0 }
    let milliseconds = (remaining + .nanoseconds(999_999)) / Duration.milliseconds(1)
    return Int32(min(milliseconds, Double(Int32.max)))
  }

  /// Removes and returns the timers that are due, earliest first.
  mutating func takeDue(now: ContinuousClock.Instant) -> [Timer] {
    var due: [Timer] = []
    while let next = heap.first, !next.isPending || next.deadline <= now {
      removeFirst()
      if next.isPending { due.append(next) }
    }
    return due
  }

  // Cancelled timers further down stay until they are due: an hour at most, because no timer is longer.
  private mutating func dropCancelled() {
    while let next = heap.first, !next.isPending { removeFirst() }
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].deadline < heap[least].deadline { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  private mutating func siftUp(from index: Int) {
    var child = index
    while child > 0, heap[child].deadline < heap[(child - 1) / 2].deadline {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }
}
