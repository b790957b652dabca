import Glibc
import SystemCalls

/// The processes below this one. They are searched for each time, and each is held by a pidfd before it is signalled.
enum Descendants {
  /// Sends SIGTERM once to every descendant.
  ///
  /// SIGCONT follows, so that a stopped process handles the signal.
  ///
  /// - Parameter group: a group whose leader is a child that has not been waited for: it is signalled as a whole, and each process outside
  ///   it separately. `nil` once the leader has been waited for: the group may then be another one.
  /// - Returns: the processes.
  @discardableResult
  static func terminate(group: pid_t?) -> Set<pid_t> {
    var told: Set<pid_t> = []
    // A job that has just been started may not lead a group yet, but may do so when it is examined below.
    let signalled = group.flatMap { Glibc.kill(-$0, SIGTERM) == 0 ? $0 : nil }
    if let group { Glibc.kill(-group, SIGCONT) }
    forEach { process, fact in
      if fact.isZombie { return }
      told.insert(process.processID)
      if fact.group == signalled { return }
      for signal in [SIGTERM, SIGCONT] { try? process.send(signal) }
    }
    return told
  }

  /// Returns every descendant that stays: one that has closed its output because it ends is not counted as left.
  static func staying() -> Set<pid_t> {
    var staying: Set<pid_t> = []
    forEach { process, fact in if !fact.isExiting { staying.insert(process.processID) } }
    return staying
  }

  /// Sends SIGKILL to every descendant, and to those that were started in the meantime.
  ///
  /// - Returns: all processes that were signalled, many of which have ended since, and those that were still alive in the last round.
  static func kill() -> (sent: Set<pid_t>, remaining: [pid_t]) {
    var sent: Set<pid_t> = []
    // There is no pause: a process that only starts its successor and exits must be outrun. The bound is for a job that starts processes
    // faster than they can be killed; another round follows a moment later.
    for _ in 0..<100 {
      let alive = killOnce()
      if sent.isSuperset(of: alive) { return (sent, alive) }
      sent.formUnion(alive)
    }
    return (sent, Array(sent))
  }

  private static func killOnce() -> [pid_t] {
    var alive: [pid_t] = []
    forEach { process, fact in
      if fact.isZombie { return }
      alive.append(process.processID)
      try? process.send(SIGKILL)
    }
    return alive
  }

  private static func forEach(_ body: (ProcessHandle, ProcessFact) -> Void) {
    var parents: [(number: pid_t, handle: ProcessHandle?)] = [(getpid(), nil)]
    var seen: Set<pid_t> = [getpid()]
    while let parent = parents.popLast() {
      for number in ChildProcesses.of(parent.number) where seen.insert(number).inserted {
        guard let child = hold(number, childOf: parent) else { continue }
        parents.append((number, child.handle))
        body(child.handle, child.fact)
      }
    }
  }

  /// Opens a process and then verifies that it is the expected one.
  ///
  /// Its parent must have the expected number, and that number must still belong to the parent that we hold (or are).
  private static func hold(
    _ number: pid_t, childOf parent: (number: pid_t, handle: ProcessHandle?)
  ) -> (handle: ProcessHandle, fact: ProcessFact)? {
    guard let handle = try? ProcessHandle(number), let fact = ProcessFact(number), fact.parent == parent.number
    else { return nil }
    if let holder = parent.handle, (try? holder.send(0)) == nil { return nil }
    return (handle, fact)
  }
}

/// Finds the children of a process.
enum ChildProcesses {
  /// Returns the children of all threads of a process; none if it does not exist.
  static func of(_ process: pid_t) -> [pid_t] {
    hasChildrenFiles ? fromChildrenFiles(process) : fromAllProcesses(process)
  }

  /// Whether the kernel was built with CONFIG_PROC_CHILDREN, as the kernels of all distributions are.
  private static let hasChildrenFiles = access("/proc/thread-self/children", R_OK) == 0

  private static func fromChildrenFiles(_ process: pid_t) -> [pid_t] {
    let threads = (try? Folder.names(in: "/proc/\(process)/task")) ?? []
    return threads.flatMap { thread in
      let bytes = (try? DurableFile.read("/proc/\(process)/task/\(thread)/children", limit: 1 << 24)) ?? []
      return bytes.split(separator: UInt8(ascii: " ")).compactMap(ProcessNumbers.parse)
    }
  }

  /// Slower: examines every process on the host.
  static func fromAllProcesses(_ parent: pid_t) -> [pid_t] {
    ((try? Folder.names(in: "/proc")) ?? []).compactMap { pid_t($0) }.filter { ProcessFact($0)?.parent == parent }
  }
}
