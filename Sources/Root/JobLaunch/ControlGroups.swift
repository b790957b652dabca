import AgentProtocol
import CLinux
import Glibc
import SystemCalls

/// The control groups of this agent's jobs, one a job, in one folder of a cgroup2 file system.
///
/// A group lets a job be killed as one, whoever does it, counts what it uses, and holds it to limits, as far as the kernel's
/// controllers are to be had there.
public struct ControlGroups: Sendable {
  /// Where the groups are made.
  public let folder: String
  /// The controllers that limit the groups: `cpu`, `memory`, `pids`, or fewer.
  public let controllers: Set<String>

  /// Uses `folder`, which is made if it is missing, and turns on the controllers that can be had there.
  ///
  /// - Throws: if no groups can be made there, or none that can be killed as one (before Linux 5.14).
  public init(folder: String) throws(SystemError) {
    self.folder = folder
    if access(folder, F_OK) != 0 { try checked("mkdir", folder) { mkdir(folder, 0o755) } }
    let probe = "\(folder)/agentd-probe-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    try checked("mkdir", probe) { mkdir(probe, 0o755) }
    defer { rmdir(probe) }
    try checked("access", "\(probe)/cgroup.kill") { access("\(probe)/cgroup.kill", W_OK) }
    let group = try ControlGroup(path: folder)
    for name in ["cpu", "memory", "pids"] {
      // Refused where processes are in the folder itself, or where the kernel does not have it, or not in this version.
      try? group.write("cgroup.subtree_control", "+\(name)")
    }
    let turnedOn = group.lines("cgroup.subtree_control").flatMap { $0.split(separator: " ").map(String.init) }
    controllers = Set(turnedOn).intersection(["cpu", "memory", "pids"])
  }

  /// The folder that was given to this process to make groups in; `nil` if there is none.
  ///
  /// Under systemd that is the unit's, if it has `Delegate=yes`: all other folders are systemd's own. Where `DelegateSubgroup=`
  /// has put this process into a group `supervisor` of it, the folder itself has no process, as controllers require.
  public static func ownFolder() -> String? {
    guard let own = OwnControlGroup.folder() else { return nil }
    let folder = Path.name(of: own) == subgroup ? Path.folder(of: own) : own
    if access("/run/systemd/system", F_OK) == 0, !isDelegated(folder) { return nil }
    return access(folder, W_OK) == 0 ? folder : nil
  }

  /// What the unit's `DelegateSubgroup=` says.
  static let subgroup = "supervisor"

  /// systemd marks what it gives away.
  private static func isDelegated(_ folder: String) -> Bool {
    ["trusted.delegate", "user.delegate"].contains { name in
      var value: UInt8 = 0
      return clinux_attribute(folder, name, &value, 1) == 1 && value == UInt8(ascii: "1")
    }
  }

  /// Makes the group of a job and sets its limits. One that an earlier job of the same name left is ended.
  func make(_ name: String, _ limits: ResourceLimits?) throws(SystemError) -> (path: String, group: ControlGroup) {
    let path = "\(folder)/\(name)"
    if mkdir(path, 0o755) != 0 {
      guard errno == EEXIST else { throw SystemError.last("mkdir", path) }
      Self.remove(path)
      try checked("mkdir", path) { mkdir(path, 0o755) }
    }
    do throws(SystemError) {
      let group = try ControlGroup(path: path)
      try limits?.set(on: group)
      return (path, group)
    } catch {
      rmdir(path)
      throw error
    }
  }

  /// Removes a group, and ends what is in it. One that does not exist is no matter, one that will not end stays.
  static func remove(_ path: String) {
    if rmdir(path) == 0 || errno != EBUSY { return }
    guard let group = try? ControlGroup(path: path) else { return }
    group.kill()
    // What was killed leaves the group a moment later.
    for _ in 0..<100 where rmdir(path) != 0 { usleep(1000) }
  }

  /// The names of the groups there that begin with `prefix`.
  func names(_ prefix: String) -> [String] {
    ((try? Folder.names(in: folder)) ?? []).filter { $0.hasPrefix(prefix) }
  }
}

extension ResourceLimits {
  /// Those of `controllers` that are missing for these limits.
  func missing(_ controllers: Set<String>) -> [String] {
    [("cpu", cpu != nil), ("memory", memory != nil), ("pids", tasks != nil)]
      .filter { $0.1 && !controllers.contains($0.0) }.map(\.0)
  }

  fileprivate func set(on group: ControlGroup) throws(SystemError) {
    if let memory {
      try group.write("memory.max", "\(memory)")
      // The limit is of memory and swap together; a kernel may have no swap.
      try? group.write("memory.swap.max", "0")
      // A job that has lost one of its processes is of no use to anybody.
      try group.write("memory.oom.group", "1")
    }
    if let tasks { try group.write("pids.max", "\(tasks)") }
    if let cpu { try group.write("cpu.max", "\(Int((cpu * 100_000).rounded())) 100000") }
  }
}

/// Where this process is among the control groups.
enum OwnControlGroup {
  /// The folder of this process's group; `nil` without a cgroup2 file system that shows it.
  static func folder() -> String? {
    guard let path = lines("/proc/self/cgroup").first(where: { $0.hasPrefix("0::/") })?.dropFirst(3) else { return nil }
    for line in lines("/proc/self/mountinfo") {
      let fields = line.split(separator: " ")
      guard fields.count > 9, let separator = fields.firstIndex(of: "-"), fields[separator + 1] == "cgroup2" else {
        continue
      }
      let root = fields[3] == "/" ? "" : fields[3]
      guard path == root || path.hasPrefix("\(root)/") else { continue }
      let rest = path.dropFirst(root.count)
      return "\(fields[4])\(rest == "/" ? "" : rest)"
    }
    return nil
  }

  private static func lines(_ path: String) -> [String] {
    let bytes = (try? DurableFile.read(path, limit: 1 << 22)) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
