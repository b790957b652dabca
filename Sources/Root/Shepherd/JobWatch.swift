import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// Watches over a started job until nothing of it is left.
///
/// The shepherd is the subreaper of all that the job starts, whatever session they move to: each of them becomes its child when
/// its own parent ends. So nothing is left exactly when the shepherd has no child and the job's control group, where it has one,
/// no process.
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
  private let group: ControlGroup?
  private let killGrace: UInt64
  private var output: OutputWatch
  private var mainHasEnded = false
  private var phase: Phase
  private var sentKill: Set<pid_t> = []

  /// Watches over `main`, a child in a session of its own; times are in milliseconds.
  init(_ main: pid_t, _ group: ControlGroup?, timeout: UInt64?, killGrace: UInt64, _ output: OutputWatch) {
    self.main = main
    self.group = group
    self.killGrace = killGrace
    self.output = output
    phase = .running(until: timeout.map { Clock.monotonic() + $0 })
  }

  /// Processes that had to be killed.
  var killed: UInt32 { UInt32(sentKill.count) }

  /// Returns when the job has no process any more, or none that can be ended.
  mutating func untilNothingIsLeft(_ signals: SignalDescriptor) {
    var hasGrown = false
    while true {
      // Before reaping: the signal of a child that ends in between stays pending and ends the wait below.
      let isCancelled = takeSignals(signals)
      guard reap() || group?.processes().isEmpty == false else { return }
      // After reaping: a job that has ended by itself is not called cancelled because the order came at the same moment.
      if isCancelled { endJob(.cancel) }
      // No grace: what the job wrote in it would only be cut off.
      if case .running = phase, output.exceedsLimit(noticed: hasGrown) { killJob(.outputLimit) }
      guard let deadline = advance() else { return }
      hasGrown = wait(signals, until: deadline)
    }
  }

  /// Takes all signals that have come in.
  ///
  /// - Returns: whether one of them was the order to end the job.
  private mutating func takeSignals(_ signals: SignalDescriptor) -> Bool {
    var isCancelled = false
    while let signal = try? signals.next() {
      switch signal {
      case SIGTERM: isCancelled = true
      case ShepherdContract.diskFullSignal: output.sawFullDisk = true
      default: break
      }
    }
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

  private mutating func killJob(_ cause: ExitRecord.Cause) {
    self.cause = cause
    startKilling()
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
    case .running(let until): return min(until ?? .max, output.nextLook)
    case .ending(let until): return until
    case .killing(let until):
      let remaining = killAll()
      if now < until { return now + Self.roundInterval }
      left = UInt32(remaining.count)
      return nil
    }
  }

  /// Sends KILL to all there is: the group at once, and what has left it by the hand of root, such as su(1) does with a session.
  ///
  /// - Returns: those that were alive at last.
  private mutating func killAll() -> Set<pid_t> {
    let members = group?.processes() ?? []
    group?.kill()
    let (sent, remaining) = Descendants.kill()
    sentKill.formUnion(members.union(sent))
    return members.union(remaining)
  }

  /// Waits for a signal, the moment, or the output's growth.
  ///
  /// - Returns: whether the output has grown.
  private func wait(_ signals: SignalDescriptor, until deadline: UInt64) -> Bool {
    let now = Clock.monotonic()
    let milliseconds = deadline > now ? min(deadline - now, UInt64(Int32.max)) : 0
    var notice: Int32 = -1
    if case .running = phase { notice = output.notice?.raw ?? -1 }
    // A negative number is passed over; poll(2).
    var polls = [
      pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0),
      pollfd(fd: notice, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&polls, 2, deadline == .max ? -1 : Int32(milliseconds))
    return polls[1].revents != 0
  }

  /// What is to be known once nothing of the job is left: what was cut off its output, and whether the kernel killed it.
  ///
  /// - Parameter startedAt: when the job started, by `Clock.monotonic`.
  mutating func settle(startedAt: UInt64) -> (outputDropped: UInt64, diskFull: Bool) {
    let dropped = output.cut()
    // It was quicker than the watch; it wrote too much all the same.
    if dropped > 0, cause == .none { cause = .outputLimit }
    if cause == .none, end == .signalled(SIGKILL) { cause = outOfMemory(since: startedAt) }
    return (dropped, output.sawFullDisk)
  }

  /// Whose memory was used up when the kernel killed the job; `.none` if that is not why it died.
  private func outOfMemory(since startedAt: UInt64) -> ExitRecord.Cause {
    if let kills = group?.number("memory.events", "oom_kill") {
      if kills == 0 { return .none }
      // Counted where the limit is that was reached: here, or above.
      return group?.number("memory.events", "oom") ?? 0 > 0 ? .memoryLimit : .hostMemory
    }
    return KernelLog.killedForMemory(main, since: startedAt) ? .hostMemory : .none
  }
}
