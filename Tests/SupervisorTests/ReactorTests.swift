import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// Handlers run in the turn in which their descriptor or timer is ready, and never after being cancelled.
struct ReactorTests {
  @Test func aReadableDescriptorCallsItsHandler() throws {
    let reactor = try Reactor()
    let (ours, theirs) = try FileDescriptor.socketPair()
    var heard: [Reactor.Interest] = []
    let watch = try reactor.watch(ours, for: .readable) { heard.append($0) }
    try theirs.writeAll([1])
    try reactor.turn()
    #expect(heard == [.readable])
    watch.cancel()
  }

  @Test func aClosedOtherEndCountsAsReadable() throws {
    let reactor = try Reactor()
    let (ours, theirs) = try FileDescriptor.socketPair()
    var heard: [Reactor.Interest] = []
    let watch = try reactor.watch(ours, for: []) { heard.append($0) }
    theirs.close()
    try reactor.turn()
    #expect(heard == [.readable])
    watch.cancel()
  }

  @Test func aHandlerCancelledByAnotherOfTheSameTurnIsNotCalled() throws {
    let reactor = try Reactor()
    let pairs = try (0..<2).map { _ in try FileDescriptor.socketPair() }
    var watches: [Reactor.Watch] = []
    var calls = 0
    for pair in pairs {
      try pair.1.writeAll([1])
      watches.append(
        try reactor.watch(pair.0, for: .readable) { _ in
          calls += 1
          for watch in watches { watch.cancel() }
        })
    }
    try reactor.turn()
    #expect(calls == 1)
  }

  @Test func aWatchThatNobodyHoldsIsGone() throws {
    let reactor = try Reactor()
    let (ours, theirs) = try FileDescriptor.socketPair()
    var calls = 0
    _ = try reactor.watch(ours, for: .readable) { _ in calls += 1 }
    try theirs.writeAll([1])
    reactor.after(.milliseconds(1)) {}
    try reactor.turn()
    #expect(calls == 0)
  }

  @Test func interestCanBeChanged() throws {
    let reactor = try Reactor()
    let (ours, _) = try FileDescriptor.socketPair()
    var heard: [Reactor.Interest] = []
    let watch = try reactor.watch(ours, for: []) { heard.append($0) }
    try watch.change(to: .writable)
    try reactor.turn()
    #expect(heard.allSatisfy { $0.contains(.writable) } && heard.count == 1)
  }

  @Test func theTurnEndsAfterAllHandlersAndTimers() throws {
    let reactor = try Reactor()
    var order: [String] = []
    reactor.turnEnded = { order.append("end") }
    reactor.after(.milliseconds(2)) { order.append("second") }
    reactor.after(.zero) { order.append("first") }
    try reactor.turn()
    while order.last == "end", !order.contains("second") { try reactor.turn() }
    #expect(order == ["first", "end", "second", "end"])
  }

  @Test func runReturnsAfterTheTurnThatStopsIt() throws {
    let reactor = try Reactor()
    var ended = false
    reactor.turnEnded = { ended = true }
    reactor.after(.zero) { reactor.stop() }
    try reactor.run()
    #expect(ended)
  }
}

/// Timers fire in the order of their deadlines, in whatever order they were added.
struct TimerQueueTests {
  @Test func timersComeInTheOrderOfTheirDeadlines() {
    let start = ContinuousClock.now
    var queue = TimerQueue()
    var fired: [Int] = []
    var delays = Array(0..<200)
    delays.shuffle()
    for delay in delays { _ = queue.add(at: start + .milliseconds(delay)) { fired.append(delay) } }
    for timer in queue.takeDue(now: start + .milliseconds(99)) { timer.fire() }
    #expect(fired == Array(0..<100))
    for timer in queue.takeDue(now: start + .seconds(1)) { timer.fire() }
    #expect(fired == Array(0..<200))
    #expect(queue.millisecondsToNext(now: start) == -1)
  }

  @Test func aCancelledTimerIsNeitherWaitedForNorCalled() {
    let start = ContinuousClock.now
    var queue = TimerQueue()
    var fired = 0
    let early = queue.add(at: start + .milliseconds(1)) { fired += 1 }
    let late = queue.add(at: start + .milliseconds(50)) { fired += 10 }
    early.cancel()
    #expect(queue.millisecondsToNext(now: start) == 50)
    for timer in queue.takeDue(now: start + .seconds(1)) { timer.fire() }
    late.fire()
    #expect(fired == 10)
    #expect(!late.isPending)
  }

  @Test(arguments: [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (5_000_000, 5000)])
  func theWaitIsRoundedUpToMilliseconds(microseconds: Int, expected: Int32) {
    let start = ContinuousClock.now
    var queue = TimerQueue()
    _ = queue.add(at: start + .microseconds(microseconds)) {}
    #expect(queue.millisecondsToNext(now: start) == expected)
  }
}
