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

  /// Sends KILL to each.
  ///
  /// - Returns: those that were alive.
  static func kill() -> [pid_t] {
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

/// What /proc/PID/stat says of a process; proc(5).
struct ProcessFact {
  let parent: pid_t
  let group: pid_t
  let isZombie: Bool

  /// `nil` if the process does not exist.
  init?(_ process: pid_t) {
    guard let bytes = try? DurableFile.read("/proc/\(process)/stat", limit: 4096),
      // The name before stands in parentheses and may itself hold some, and spaces.
      let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = bytes[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 2, let parent = ProcessNumbers.parse(fields[1]), let group = ProcessNumbers.parse(fields[2])
    else { return nil }
    self.parent = parent
    self.group = group
    isZombie = fields[0].first == UInt8(ascii: "Z")
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

/// Process numbers as digits.
enum ProcessNumbers {
  /// `nil` unless `digits` are a number above or equal to 0.
  static func parse(_ digits: some Collection<UInt8>) -> pid_t? {
    digits.isEmpty ? nil : pid_t(String(decoding: digits, as: UTF8.self))
  }
}
