import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// Watches a started job until none of its processes is left, and moves its output meanwhile.
///
/// The shepherd is the subreaper of all processes that the job starts, whatever session they move to: each becomes its child when its own
/// parent ends. So nothing is left exactly when the shepherd has no child and the job's control group, if there is one, has no process.
struct JobWatch {
  private enum Phase {
    /// The job runs without a limit, or until a deadline.
    case running(until: UInt64?)
    /// The main process has ended on its own. What it left may still do so, too, such as the tee(1) of a shell's `> >(tee log)`.
    case settling(until: UInt64)
    /// SIGTERM was sent.
    case ending(until: UInt64)
    /// SIGKILL is sent repeatedly, because new processes may start while others are killed.
    case killing(until: UInt64)
  }

  /// How long what the main process left may take to end on its own, in milliseconds.
  static let settleTime: UInt64 = 2000
  /// How long to wait for killed processes, in milliseconds. Some never die: they are in uninterruptible sleep, or belong to another user.
  static let patience: UInt64 = 10_000
  /// The time between two rounds of SIGKILL, and between two looks at processes whose end is not reported, in milliseconds.
  static let roundInterval: UInt64 = 10

  /// How the main process ended.
  private(set) var end = ExitRecord.End.signalled(SIGKILL)
  /// Why the job was ended.
  private(set) var cause = ExitRecord.Cause.none
  /// The number of processes that are still alive.
  private(set) var left: UInt32 = 0
  private let main: pid_t
  private let group: ControlGroup?
  private let order: Order
  private let folder: FileDescriptor
  private var output: JobOutput
  private var mainHasEnded = false
  private var hasChildren = true
  private var phase: Phase
  private var sentKill: Set<pid_t> = []

  /// Watches `main`, a child in a session of its own, whose `order` is in `folder`.
  init(_ main: pid_t, _ group: ControlGroup?, _ order: Order, in folder: FileDescriptor, _ output: JobOutput) {
    self.main = main
    self.group = group
    self.order = order
    self.folder = folder
    self.output = output
    phase = .running(until: order.timeout.map { Clock.monotonic() + $0 })
  }

  /// The number of processes that had to be killed.
  var killed: UInt32 { UInt32(sentKill.count) }

  /// Returns when the job has no processes left, or only ones that cannot be killed or may stay; what it has written is in its files then.
  mutating func untilNothingIsLeft(_ signals: SignalDescriptor) {
    var mayHaveEnded = true
    while !mayHaveEnded || isAlive(signals) {
      // No grace period: what the job wrote during it would only be dropped.
      if output.exceedsLimit { killJob(.outputLimit) }
      guard let deadline = advance() else { break }
      mayHaveEnded = wait(signals, until: deadline)
    }
    output.move()
  }

  /// Takes the pending signals.
  ///
  /// - Returns: whether any process of the job is left.
  private mutating func isAlive(_ signals: SignalDescriptor) -> Bool {
    // Before reaping: if a child ends in between, its signal stays pending and ends the next wait.
    let demand = takeSignals(signals)
    let hadEnded = mainHasEnded
    hasChildren = reap()
    if let demand { obey(demand, hadEnded: hadEnded) }
    return hasChildren || group?.processes().isEmpty == false
  }

  /// Consumes all pending signals.
  ///
  /// - Returns: why the job has to end, if one of them was the order to end it.
  private func takeSignals(_ signals: SignalDescriptor) -> ExitRecord.Cause? {
    var cause: ExitRecord.Cause?
    while let (signal, value) = try? signals.nextWithValue() {
      if signal == SIGTERM, cause != .cancel { cause = isCancellation(value) ? .cancel : .shutdown }
    }
    return cause
  }

  /// Whether SIGTERM with this value cancels the job. An earlier agentd gives it no value.
  private func isCancellation(_ value: Int32) -> Bool {
    value == ShepherdContract.cancellation
      || faccessat(folder.raw, ShepherdContract.FileName.cancel, F_OK, AT_SYMLINK_NOFOLLOW) == 0
  }

  private mutating func obey(_ demand: ExitRecord.Cause, hadEnded: Bool) {
    switch phase {
    case .running: endJob(demand)
    case .settling:
      // A job that has ended on its own is not called cancelled because the order arrived at the same moment. But when a host is shut down,
      // every process gets SIGTERM, and the job may be the first to end.
      if demand == .shutdown, end == .signalled(SIGTERM) || (!hadEnded && end != .exited(0)) { cause = .shutdown }
      phase = .settling(until: 0)
    case .ending, .killing: break
    }
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
    if case .running = phase { phase = .settling(until: Clock.monotonic() + Self.settleTime) }
  }

  private mutating func endJob(_ cause: ExitRecord.Cause) {
    self.cause = cause
    phase = .ending(until: Clock.monotonic() + order.killGrace)
    Descendants.terminate(group: mainHasEnded ? nil : main)
  }

  /// Ends what the main process left.
  private mutating func endLeftovers() {
    phase = .ending(until: Clock.monotonic() + order.killGrace)
    sentKill.formUnion(Descendants.terminate(group: nil))
  }

  private mutating func killJob(_ cause: ExitRecord.Cause) {
    switch phase {
    case .running, .settling:
      self.cause = cause
      startKilling()
    case .ending, .killing: break
    }
  }

  private mutating func startKilling() {
    phase = .killing(until: Clock.monotonic() + Self.patience)
  }

  /// Takes the actions that are due.
  ///
  /// - Returns: when to check again; `UInt64.max` to wait for an event; `nil` if no more is to be awaited.
  private mutating func advance() -> UInt64? {
    let now = Clock.monotonic()
    if case .running(let until?) = phase, now >= until { endJob(.timeout) }
    if case .settling(let until) = phase {
      // Those that may stay are awaited only as long as one could still write to the output.
      if order.leavesProcesses, now >= until || !output.isOpen { return leave() }
      if now >= until { endLeftovers() }
    }
    if case .ending(let until) = phase, now >= until { startKilling() }
    switch phase {
    case .running(let until): return until ?? .max
    case .settling(let until), .ending(let until): return hasChildren ? until : min(until, now + Self.roundInterval)
    case .killing(let until):
      let remaining = killAll()
      if now < until { return now + Self.roundInterval }
      left = UInt32(remaining.count)
      return nil
    }
  }

  private mutating func leave() -> UInt64? {
    // Only a process that changed its parent meanwhile is in the group alone.
    let others = (group?.processes() ?? []).filter { ProcessFact($0)?.isExiting == false }
    left = UInt32(Descendants.staying().union(others).count)
    return nil
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

  /// Waits for a signal or the deadline, and moves what the job writes.
  ///
  /// - Returns: whether a signal or the deadline has come.
  private mutating func wait(_ signals: SignalDescriptor, until deadline: UInt64) -> Bool {
    let now = Clock.monotonic()
    let milliseconds = deadline > now ? min(deadline - now, UInt64(Int32.max)) : 0
    // poll(2) ignores negative descriptors.
    var polls = [pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0)] + output.polls
    let count = poll(&polls, nfds_t(polls.count), deadline == .max ? -1 : Int32(milliseconds))
    guard count > 0 else { return true }
    output.move(polls.dropFirst())
    return polls[0].revents != 0
  }

  /// Returns what is known only once the job has no processes left: how much of its output was dropped, and whether the disk failed.
  ///
  /// Also determines whether the kernel killed the job.
  ///
  /// - Parameter startedAt: when the job started, by `Clock.monotonic`.
  mutating func settle(startedAt: UInt64) -> (outputDropped: UInt64, diskFull: Bool) {
    // The job ended before its last output was moved, but it still wrote too much.
    if output.exceedsLimit, cause == .none { cause = .outputLimit }
    if cause == .none, end == .signalled(SIGKILL) { cause = outOfMemory(since: startedAt) }
    return (output.dropped, output.diskFailed)
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
