import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// Watches a started job until none of its processes is left.
///
/// The shepherd is the subreaper of all processes that the job starts, whatever session they move to: each becomes its child when its own
/// parent ends. So nothing is left exactly when the shepherd has no child and the job's control group, if there is one, has no process.
struct JobWatch {
  private enum Phase {
    /// The job runs without a limit, or until a deadline.
    case running(until: UInt64?)
    /// SIGTERM was sent.
    case ending(until: UInt64)
    /// SIGKILL is sent repeatedly, because new processes may start while others are killed.
    case killing(until: UInt64)
  }

  /// How long to wait for killed processes, in milliseconds. Some never die: they are in uninterruptible sleep, or belong to another user.
  static let patience: UInt64 = 10_000
  /// The time between two rounds of SIGKILL, in milliseconds.
  static let roundInterval: UInt64 = 10

  /// How the main process ended.
  private(set) var end = ExitRecord.End.signalled(SIGKILL)
  /// Why the job was ended.
  private(set) var cause = ExitRecord.Cause.none
  /// The number of processes that are still alive.
  private(set) var left: UInt32 = 0
  private let main: pid_t
  private let group: ControlGroup?
  private let killGrace: UInt64
  private var output: OutputWatch
  private var mainHasEnded = false
  private var phase: Phase
  private var sentKill: Set<pid_t> = []

  /// Watches `main`, a child in a session of its own; times are in milliseconds.
  init(_ main: pid_t, _ group: ControlGroup?, timeout: UInt64?, killGrace: UInt64, _ output: OutputWatch) {
    self.main = main
    self.group = group
    self.killGrace = killGrace
    self.output = output
    phase = .running(until: timeout.map { Clock.monotonic() + $0 })
  }

  /// The number of processes that had to be killed.
  var killed: UInt32 { UInt32(sentKill.count) }

  /// Returns when the job has no processes left, or only ones that cannot be killed.
  mutating func untilNothingIsLeft(_ signals: SignalDescriptor) {
    var hasGrown = false
    while true {
      // Before reaping: if a child ends in between, its signal stays pending and ends the wait below.
      let isCancelled = takeSignals(signals)
      guard reap() || group?.processes().isEmpty == false else { return }
      // After reaping: a job that has exited on its own is not called cancelled because the order arrived at the same moment.
      if isCancelled { endJob(.cancel) }
      // No grace period: what the job wrote during it would only be cut off.
      if case .running = phase, output.exceedsLimit(noticed: hasGrown) { killJob(.outputLimit) }
      guard let deadline = advance() else { return }
      hasGrown = wait(signals, until: deadline)
    }
  }

  /// Consumes all pending signals.
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

  /// Reaps every child that has ended.
  ///
  /// - Returns: whether any child is left.
  private mutating func reap() -> Bool {
    while true {
      var status: Int32 = 0
      let child = waitpid(-1, &status, WNOHANG)
      if child == 0 { return true }
      if child < 0 { return errno == EINTR ? true : false }
      // Once it has been waited for, one of its descendants may get the same number.
      if child == main, !mainHasEnded { mainEnded(status) }
    }
  }

  private mutating func mainEnded(_ status: Int32) {
    mainHasEnded = true
    let signal = status & 0x7f
    end = signal == 0 ? .exited(UInt8(truncatingIfNeeded: status >> 8)) : .signalled(signal)
    // If the job was told to end, its remaining processes keep their grace period.
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

  /// Takes the actions that are due.
  ///
  /// - Returns: when to check again; `UInt64.max` to wait for an event; `nil` to give up.
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

  /// Sends SIGKILL to all processes of the job: to the group at once, and to those that root took out of it, as su(1) does.
  ///
  /// - Returns: the processes that were still alive in the last round.
  private mutating func killAll() -> Set<pid_t> {
    let members = group?.processes() ?? []
    group?.kill()
    let (sent, remaining) = Descendants.kill()
    sentKill.formUnion(members.union(sent))
    return members.union(remaining)
  }

  /// Waits for a signal, the deadline, or growth of the output.
  ///
  /// - Returns: whether the output has grown.
  private func wait(_ signals: SignalDescriptor, until deadline: UInt64) -> Bool {
    let now = Clock.monotonic()
    let milliseconds = deadline > now ? min(deadline - now, UInt64(Int32.max)) : 0
    var notice: Int32 = -1
    if case .running = phase { notice = output.notice?.raw ?? -1 }
    // poll(2) ignores negative descriptors.
    var polls = [
      pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0),
      pollfd(fd: notice, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&polls, 2, deadline == .max ? -1 : Int32(milliseconds))
    return polls[1].revents != 0
  }

  /// Returns what is known only once the job has no processes left: how much of its output was cut off, and whether the disk was full.
  ///
  /// Also determines whether the kernel killed the job.
  ///
  /// - Parameter startedAt: when the job started, by `Clock.monotonic`.
  mutating func settle(startedAt: UInt64) -> (outputDropped: UInt64, diskFull: Bool) {
    let dropped = output.cut()
    // The job was faster than the watch, but it still wrote too much.
    if dropped > 0, cause == .none { cause = .outputLimit }
    if cause == .none, end == .signalled(SIGKILL) { cause = outOfMemory(since: startedAt) }
    return (dropped, output.sawFullDisk)
  }

  /// Returns whose memory was exhausted when the kernel killed the job; `.none` if it died for another reason.
  private func outOfMemory(since startedAt: UInt64) -> ExitRecord.Cause {
    if let kills = group?.number("memory.events", "oom_kill") {
      if kills == 0 { return .none }
      // The kernel counts it at the group whose limit was reached: this one, or one above.
      return group?.number("memory.events", "oom") ?? 0 > 0 ? .memoryLimit : .hostMemory
    }
    return KernelLog.killedForMemory(main, since: startedAt) ? .hostMemory : .none
  }
}
