import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// Watches over a started job until nothing of it is left.
///
/// The shepherd is the subreaper of all that the job starts, whatever session they move to: each of them becomes its child when
/// its own parent ends. So nothing is left exactly when the shepherd has no child.
struct JobWatch {
  private enum Phase {
    /// The job runs as long as it likes, or until a deadline.
    case running(until: UInt64?)
    /// TERM was sent.
    case ending(until: UInt64)
    /// KILL is being sent, again and again, because processes may be born while others are killed.
    case killing(until: UInt64)
  }

  /// How long to wait for killed processes before they are given up: some the kernel does not let die (disk sleep), some
  /// belong to another user.
  static let patience: UInt64 = 10_000
  /// Milliseconds between two rounds of KILL.
  static let roundInterval: UInt64 = 10

  /// How the main process ended.
  private(set) var end = ExitRecord.End.signalled(SIGKILL)
  /// Why the job was ended.
  private(set) var cause = ExitRecord.Cause.none
  /// Processes still there.
  private(set) var left: UInt32 = 0
  private let main: pid_t
  private let killGrace: UInt64
  private var mainHasEnded = false
  private var phase: Phase
  private var killed: Set<pid_t> = []

  /// Watches over `main`, a child in a session of its own; times are in milliseconds.
  init(_ main: pid_t, timeout: UInt64?, killGrace: UInt64) {
    self.main = main
    self.killGrace = killGrace
    phase = .running(until: timeout.map { Clock.monotonic() + $0 })
  }

  /// Processes besides the main one that had to be killed.
  var leftoversKilled: UInt32 { UInt32(killed.count) }

  /// Returns when the job has no process any more, or none that can be ended.
  mutating func untilNothingIsLeft(_ signals: SignalDescriptor) {
    while true {
      // Before reaping: the signal of a child that ends in between stays pending and ends the wait below.
      let isCancelled = takeSignals(signals)
      guard reap() else { return }
      // After reaping: a job that has ended by itself is not called cancelled because the order came at the same moment.
      if isCancelled { endJob(.cancel) }
      guard let deadline = advance() else { return }
      wait(signals, until: deadline)
    }
  }

  /// Takes all signals that have come in.
  ///
  /// - Returns: whether one of them was the order to end the job.
  private func takeSignals(_ signals: SignalDescriptor) -> Bool {
    var isCancelled = false
    while let signal = try? signals.next() { isCancelled = isCancelled || signal == SIGTERM }
    return isCancelled
  }

  /// Collects every child that has ended.
  ///
  /// - Returns: whether there are others.
  private mutating func reap() -> Bool {
    while true {
      var status: Int32 = 0
      let child = waitpid(-1, &status, WNOHANG)
      if child == 0 { return true }
      if child < 0 { return errno == EINTR ? true : false }
      // Its number may come again among its descendants, once it was waited for.
      if child == main, !mainHasEnded { mainEnded(status) }
    }
  }

  private mutating func mainEnded(_ status: Int32) {
    mainHasEnded = true
    let signal = status & 0x7f
    end = signal == 0 ? .exited(UInt8(truncatingIfNeeded: status >> 8)) : .signalled(signal)
    // What is left of a job that was told to end still has its grace.
    if case .running = phase { startKilling() }
  }

  private mutating func endJob(_ cause: ExitRecord.Cause) {
    guard case .running = phase else { return }
    self.cause = cause
    phase = .ending(until: Clock.monotonic() + killGrace)
    Descendants.terminate(group: main)
  }

  private mutating func startKilling() {
    phase = .killing(until: Clock.monotonic() + Self.patience)
  }

  /// Does what is due.
  ///
  /// - Returns: when to look again; `UInt64.max` for not before something happens; `nil` to give up.
  private mutating func advance() -> UInt64? {
    let now = Clock.monotonic()
    if case .running(let until?) = phase, now >= until { endJob(.timeout) }
    if case .ending(let until) = phase, now >= until { startKilling() }
    switch phase {
    case .running(let until): return until ?? .max
    case .ending(let until): return until
    case .killing(let until):
      let remaining = Descendants.kill()
      killed.formUnion(remaining.filter { $0 != main })
      if now < until { return now + Self.roundInterval }
      left = UInt32(remaining.count)
      return nil
    }
  }

  private func wait(_ signals: SignalDescriptor, until deadline: UInt64) {
    let now = Clock.monotonic()
    let milliseconds = deadline > now ? min(deadline - now, UInt64(Int32.max)) : 0
    var poll = pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0)
    _ = Glibc.poll(&poll, 1, deadline == .max ? -1 : Int32(milliseconds))
  }
}
