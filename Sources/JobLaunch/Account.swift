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
    throw LaunchRefusal("not yet")
  }
}
