import Glibc
import SystemCalls

/// All processes below this one, found anew each time and held by pidfd before they are signalled.
enum Descendants {
  /// Sends TERM once to each: to `group`, whose leader is a child that was not waited for, as one, and to those outside it.
  /// CONT follows, so that a stopped process learns of it.
  static func terminate(group: pid_t) {
    // A job that has just been started may not lead a group yet; and may lead one when it is looked at below.
    let groupExisted = Glibc.kill(-group, SIGTERM) == 0
    Glibc.kill(-group, SIGCONT)
    forEach { process, fact in
      if groupExisted, fact.group == group { return }
      for signal in [SIGTERM, SIGCONT] { try? process.send(signal) }
    }
  }

  /// Sends KILL to each, and to those that they started before it reached them.
  ///
  /// - Returns: all that were sent it, many of which have ended meanwhile, and those that were alive at last.
  static func kill() -> (sent: Set<pid_t>, remaining: [pid_t]) {
    var sent: Set<pid_t> = []
    // Without a pause: one that does nothing but start its successor and end is caught only by who is quicker. The bound is
    // for a job that starts processes faster than they can be killed; there is another round a moment later.
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

  /// Takes hold of a process and makes sure afterwards that it is the one meant: its parent has the right number, and that
  /// number is still its parent's, whom we hold (or are).
  private static func hold(
    _ number: pid_t, childOf parent: (number: pid_t, handle: ProcessHandle?)
  ) -> (handle: ProcessHandle, fact: ProcessFact)? {
    guard let handle = try? ProcessHandle(number), let fact = ProcessFact(number), fact.parent == parent.number
    else { return nil }
    if let holder = parent.handle, (try? holder.send(0)) == nil { return nil }
    return (handle, fact)
  }
}

/// The children of processes.
enum ChildProcesses {
  /// The children of all threads of a process; none if it does not exist.
  static func of(_ process: pid_t) -> [pid_t] {
    hasChildrenFiles ? fromChildrenFiles(process) : fromAllProcesses(process)
  }

  /// Whether the kernel was built with CONFIG_PROC_CHILDREN, as those of all distributions are.
  private static let hasChildrenFiles = access("/proc/thread-self/children", R_OK) == 0

  private static func fromChildrenFiles(_ process: pid_t) -> [pid_t] {
    let threads = (try? Folder.names(in: "/proc/\(process)/task")) ?? []
    return threads.flatMap { thread in
      let bytes = (try? DurableFile.read("/proc/\(process)/task/\(thread)/children", limit: 1 << 24)) ?? []
      return bytes.split(separator: UInt8(ascii: " ")).compactMap(ProcessNumbers.parse)
    }
  }

  /// Slower: looks at every process of the host.
  static func fromAllProcesses(_ parent: pid_t) -> [pid_t] {
    ((try? Folder.names(in: "/proc")) ?? []).compactMap { pid_t($0) }.filter { ProcessFact($0)?.parent == parent }
  }
}
