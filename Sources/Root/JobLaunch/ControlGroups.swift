import AgentProtocol
import CLinux
import Glibc
import SystemCalls

/// The control groups of this agent's jobs, one per job, in a folder of a cgroup2 file system.
///
/// A group allows a job to be killed as a whole, measures its usage, and enforces its limits, as far as the kernel's controllers are
/// available there.
public struct ControlGroups: Sendable {
  /// The folder in which the groups are created.
  public let folder: String
  /// The controllers that limit the groups: `cpu`, `memory`, `pids`, or a subset.
  public let controllers: Set<String>

  /// Uses `folder`, which is created if it is missing, and enables the controllers that are available.
  ///
  /// - Throws: `SystemError` if groups cannot be created there, or cannot be killed as a whole (before Linux 5.14).
  public init(folder: String) throws(SystemError) {
    self.folder = folder
    if access(folder, F_OK) != 0 { try checked("mkdir", folder) { mkdir(folder, 0o755) } }
    let probe = "\(folder)/agentd-probe-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    try checked("mkdir", probe) { mkdir(probe, 0o755) }
    defer { rmdir(probe) }
    try checked("access", "\(probe)/cgroup.kill") { access("\(probe)/cgroup.kill", W_OK) }
    let group = try ControlGroup(path: folder)
    for name in ["cpu", "memory", "pids"] {
      // Fails if there are processes in the folder itself, or if the kernel does not support the controller, or not in this version.
      try? group.write("cgroup.subtree_control", "+\(name)")
    }
    let turnedOn = group.lines("cgroup.subtree_control").flatMap { $0.split(separator: " ").map(String.init) }
    controllers = Set(turnedOn).intersection(["cpu", "memory", "pids"])
  }

  /// Returns the folder that was delegated to this process for groups; `nil` if there is none.
  ///
  /// Under systemd it is the unit's folder, if the unit has `Delegate=yes`: all other folders belong to systemd. If `DelegateSubgroup=` has
  /// put this process into a subgroup `supervisor`, the folder itself has no process, as controllers require.
  public static func ownFolder() -> String? {
    guard let own = OwnControlGroup.folder() else { return nil }
    let folder = Path.name(of: own) == subgroup ? Path.folder(of: own) : own
    if access("/run/systemd/system", F_OK) == 0, !isDelegated(folder) { return nil }
    return access(folder, W_OK) == 0 ? folder : nil
  }

  /// The value of `DelegateSubgroup=` in the unit.
  static let subgroup = "supervisor"

  /// Whether systemd has marked the folder as delegated.
  private static func isDelegated(_ folder: String) -> Bool {
    ["trusted.delegate", "user.delegate"].contains { name in
      var value: UInt8 = 0
      return clinux_attribute(folder, name, &value, 1) == 1 && value == UInt8(ascii: "1")
    }
  }

  /// Creates the group of a job and sets its limits. A group that an earlier job of the same name left is ended and replaced.
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

  /// Ends all processes of a group and removes it. A group that does not exist is not an error; one that does not end stays.
  static func remove(_ path: String) {
    if rmdir(path) == 0 || errno != EBUSY { return }
    guard let group = try? ControlGroup(path: path) else { return }
    group.kill()
    // Killed processes leave the group a moment later.
    for _ in 0..<100 where rmdir(path) != 0 { usleep(1000) }
  }

  /// Returns the names of the groups that begin with `prefix`.
  func names(_ prefix: String) -> [String] {
    ((try? Folder.names(in: folder)) ?? []).filter { $0.hasPrefix(prefix) }
  }
}

extension ResourceLimits {
  /// Returns the controllers that these limits need and that are not in `controllers`.
  func missing(_ controllers: Set<String>) -> [String] {
    [("cpu", cpu != nil), ("memory", memory != nil), ("pids", tasks != nil)]
      .filter { $0.1 && !controllers.contains($0.0) }.map(\.0)
  }

  fileprivate func set(on group: ControlGroup) throws(SystemError) {
    if let memory {
      try group.write("memory.max", "\(memory)")
      // The limit is for memory and swap together; a kernel may have no swap.
      try? group.write("memory.swap.max", "0")
      // A job that has lost one of its processes is useless.
      try group.write("memory.oom.group", "1")
    }
    if let tasks { try group.write("pids.max", "\(tasks)") }
    if let cpu { try group.write("cpu.max", "\(Int((cpu * 100_000).rounded())) 100000") }
  }
}

/// The control group of this process.
enum OwnControlGroup {
  /// Returns the folder of this process's group; `nil` if no mounted cgroup2 file system contains it.
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
