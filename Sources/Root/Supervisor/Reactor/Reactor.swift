import CLinux
import Glibc
import SystemCalls

/// The supervisor's event loop: descriptors with epoll(7), timers, and work at the end of each turn. One thread, no locks.
///
/// In a turn it waits, calls the handlers of all ready descriptors and due timers, and then `turnEnded`.
final class Reactor {
  /// The events to watch a descriptor for.
  struct Interest: OptionSet {
    let rawValue: UInt32
    /// Data can be read, or the other end has closed.
    static let readable = Interest(rawValue: EPOLLIN.rawValue)
    /// Data can be written.
    static let writable = Interest(rawValue: EPOLLOUT.rawValue)
  }

  /// A watch on a descriptor. It ends with `cancel()` or when the last reference is released.
  final class Watch {
    fileprivate let token: UInt64
    private let descriptor: FileDescriptor
    private var interest: Interest
    private weak var reactor: Reactor?

    fileprivate init(_ token: UInt64, _ descriptor: FileDescriptor, _ interest: Interest, _ reactor: Reactor) {
      self.interest = interest
      self.token = token
      self.descriptor = descriptor
      self.reactor = reactor
    }

    /// Changes the events to watch for; `[]` pauses the watch.
    func change(to interest: Interest) throws(SystemError) {
      guard interest != self.interest else { return }
      var event = epoll_event(events: interest.rawValue, data: epoll_data(u64: token))
      let (poll, raw) = (reactor?.poll.raw ?? -1, descriptor.raw)
      try checked("epoll_ctl") { epoll_ctl(poll, EPOLL_CTL_MOD, raw, &event) }
      self.interest = interest
    }

    /// Stops watching. The handler is not called again, even for events that have already occurred.
    func cancel() {
      guard let reactor, reactor.handlers.removeValue(forKey: token) != nil else { return }
      // Fails if the descriptor was closed first, in which case the kernel has removed it.
      _ = epoll_ctl(reactor.poll.raw, EPOLL_CTL_DEL, descriptor.raw, nil)
    }

    deinit { cancel() }
  }

  private let poll: FileDescriptor
  private var handlers: [UInt64: (Interest) -> Void] = [:]
  private var lastToken: UInt64 = 0
  private var timers = TimerQueue()
  private var stopped = false
  private var events = [epoll_event](repeating: epoll_event(), count: 256)

  /// Called at the end of each turn.
  var turnEnded: () -> Void = {}

  init() throws(SystemError) {
    poll = FileDescriptor(owning: try checked("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
  }

  /// Watches `descriptor`, which must stay open until the watch is cancelled.
  ///
  /// A closed peer and an error count as readable: the following read tells which it is.
  func watch(
    _ descriptor: FileDescriptor, for interest: Interest, _ handler: @escaping (Interest) -> Void
  ) throws(SystemError) -> Watch {
    lastToken += 1
    let watch = Watch(lastToken, descriptor, interest, self)
    var event = epoll_event(events: interest.rawValue, data: epoll_data(u64: lastToken))
    let (poll, raw) = (poll.raw, descriptor.raw)
    try checked("epoll_ctl") { epoll_ctl(poll, EPOLL_CTL_ADD, raw, &event) }
    handlers[lastToken] = handler
    return watch
  }

  /// Calls `handler` once, `delay` from now.
  @discardableResult
  func after(_ delay: Duration, _ handler: @escaping () -> Void) -> TimerQueue.Timer {
    timers.add(at: .now + delay, handler)
  }

  /// Runs turns until `stop()` is called.
  func run() throws(SystemError) {
    stopped = false
    while !stopped { try turn() }
  }

  /// Makes `run()` return after the present turn.
  func stop() {
    stopped = true
  }

  /// Runs one turn, which waits for an event.
  func turn() throws(SystemError) {
    let (raw, capacity) = (poll.raw, Int32(events.count))
    let timeout = timers.millisecondsToNext(now: .now)
    var count: Int32
    repeat { count = epoll_wait(raw, &events, capacity, timeout) } while count < 0 && errno == EINTR
    if count < 0 { throw SystemError.last("epoll_wait") }
    for event in events[..<Int(count)] {
      // An earlier handler of this turn may have cancelled the watch.
      handlers[event.data.u64]?(Self.interest(of: event.events))
    }
    for timer in timers.takeDue(now: .now) { timer.fire() }
    turnEnded()
  }

  private static func interest(of events: UInt32) -> Interest {
    let failed = events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
    return Interest(rawValue: events).intersection([.readable, .writable]).union(failed ? .readable : [])
  }
}
