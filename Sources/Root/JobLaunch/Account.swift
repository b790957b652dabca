import Glibc
import SystemCalls

/// A user of this host by number, with the groups for its jobs.
public struct Account: Codable, Equatable, Sendable {
  /// The user's name.
  public let name: String
  /// The user ID.
  public let user: uid_t
  /// The ID of the primary group.
  public let group: gid_t
  /// The IDs of the supplementary groups.
  public let groups: [gid_t]
  /// The home folder as the user database has it; not every one is an absolute path.
  public let home: String
  /// The login shell.
  public let shell: String
  /// Whether the user is a member of the primary group anyway, and not only because the request names it.
  public var isMemberOfGroup = true
  /// The day on which the account expires, counted from 1970-01-01 (shadow(5)); `nil` if it never does, or that cannot be read.
  public var expiryDay: Int?

  /// The home folder, or the root folder if the database has none or no absolute path.
  var usableHome: String { hasUsableHome ? home : "/" }
  var hasUsableHome: Bool { home.utf8.first == UInt8(ascii: "/") }

  /// Whether this is the superuser, by whatever name.
  public var isRoot: Bool { user == 0 }

  /// Looks up a user of this host; getpwnam(3), getgrouplist(3).
  ///
  /// - Parameters:
  ///   - name: the user's name; `nil` for the user of this process.
  ///   - group: the primary group's name in place of the user's own.
  ///   - forRoot: whether root starts the job. Any other user can only start jobs as itself.
  /// - Throws: `LaunchRefusal`: unknown user or group, or one that a job cannot run as without root.
  public static func resolve(
    _ name: String?, group: String? = nil, forRoot: Bool = geteuid() == 0
  ) throws(LaunchRefusal) -> Account {
    let entry = if let name { try UserEntry(name) } else { try UserEntry.ofThisProcess() }
    let primary = if let group { try number(ofGroup: group) } else { entry.group }
    if !forRoot { try requireOwn(entry, primary) }
    var account = Account(
      name: entry.name, user: entry.user, group: primary, groups: try groups(of: entry, primary: primary),
      home: entry.home, shell: entry.shell)
    if primary != entry.group {
      account.isMemberOfGroup = try groups(of: entry, primary: entry.group).contains(primary)
    }
    if forRoot { account.expiryDay = expiryDay(of: entry.name) }
    return account
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
      // getgrouplist stores the required count; if it did not, twice as many are tried.
      count = max(count, Int32(groups.count) * 2)
    }
    throw LaunchRefusal("user \(entry.name) is in too many groups")
  }
}
