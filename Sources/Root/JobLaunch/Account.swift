import Glibc
import SystemCalls

/// A user of this host in numbers, with the groups that a job gets.
public struct Account: Equatable, Sendable {
  /// The user's name.
  public let name: String
  /// The user's number.
  public let user: uid_t
  /// The primary group.
  public let group: gid_t
  /// The supplementary groups.
  public let groups: [gid_t]
  /// The home folder.
  public let home: String
  /// The login shell.
  public let shell: String

  /// Whether this is the superuser, by whatever name.
  public var isRoot: Bool { user == 0 }

  /// Looks up a user as this host knows it (getpwnam(3), getgrouplist(3)).
  ///
  /// When this process is not root, only its own user and group can be had.
  ///
  /// - Parameters:
  ///   - name: the user's name; `nil` for the user of this process.
  ///   - group: the primary group's name in place of the user's own.
  /// - Throws: `LaunchRefusal`: unknown user or group, or one that this process cannot become.
  public static func resolve(_ name: String?, group: String? = nil) throws(LaunchRefusal) -> Account {
    let entry = if let name { try UserEntry(name) } else { try UserEntry.ofThisProcess() }
    let primary = if let group { try number(ofGroup: group) } else { entry.group }
    if geteuid() != 0 { try requireOwn(entry, primary) }
    return Account(
      name: entry.name, user: entry.user, group: primary, groups: try groups(of: entry, primary: primary),
      home: entry.home, shell: entry.shell)
  }

  private static func requireOwn(_ entry: UserEntry, _ group: gid_t) throws(LaunchRefusal) {
    if entry.user != geteuid() {
      throw LaunchRefusal("cannot run as user \(entry.name): agentd is not root and runs jobs only as its own user")
    }
    if group != getegid() {
      throw LaunchRefusal("cannot run with another primary group: agentd is not root and keeps its own groups")
    }
  }

  private static func number(ofGroup name: String) throws(LaunchRefusal) -> gid_t {
    var entry = Glibc.group()
    let found = try NameService.look(up: "group \(name)") { buffer, count -> (Int32, gid_t?) in
      var result: UnsafeMutablePointer<Glibc.group>?
      let code = getgrnam_r(name, &entry, buffer, count, &result)
      return (code, result.map { $0.pointee.gr_gid })
    }
    guard let found else { throw LaunchRefusal("unknown group \(name)") }
    return found
  }

  private static func groups(of entry: UserEntry, primary: gid_t) throws(LaunchRefusal) -> [gid_t] {
    var count: Int32 = 64
    while count <= 65536 {
      var groups = [gid_t](repeating: 0, count: Int(count))
      if getgrouplist(entry.name, primary, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
      // The count needed was stored; where it was not, twice as many are tried.
      count = max(count, Int32(groups.count) * 2)
    }
    throw LaunchRefusal("user \(entry.name) is in too many groups")
  }
}
