import CLinux
import Glibc
import SystemCalls

/// landlock(7): open descriptors stay usable; of everything else on the host, only the exceptions are accessible.
package enum Landlock {
  /// Denies the calling thread, and those it starts, everything that the kernel can deny: all access to files; from version 4, bind(2) and
  /// connect(2) of TCP; from version 6, signals to other processes and connections to their abstract sockets.
  ///
  /// - Throws: if the kernel has no landlock, has it disabled, or would deny too much.
  package static func deny(except reach: Reach = Reach()) throws(SystemError) {
    let version = try checked("landlock_create_ruleset") { clinux_landlock_version() }
    // Version 1 denies every link into another folder, which a change of the store needs.
    if version < 2, !reach.changeable.isEmpty { throw SystemError("landlock_add_rule", code: EOPNOTSUPP) }
    let (network, scopes): (UInt64, UInt64) = (version >= 4 ? 0b11 : 0, version >= 6 ? reach.signals ? 0b01 : 0b11 : 0)
    let size = version >= 6 ? 24 : version >= 4 ? 16 : 8
    let all = Right.all(version)
    let rules = FileDescriptor(
      owning: try checked("landlock_create_ruleset") { clinux_landlock_rules(all, network, scopes, size) })
    for path in reach.readable { try allow(path, Right.reading & all, by: rules) }
    for path in reach.changeable { try allow(path, Right.changing & all, by: rules) }
    if version >= 4 {
      for port in reach.ports {
        try checked("landlock_add_rule") { clinux_landlock_allow_port(rules.raw, UInt64(port), Right.connecting) }
      }
    }
    try checked("landlock_restrict_self") { clinux_landlock_restrict(rules.raw) }
  }

  /// A file that does not exist, or cannot be opened anyway, needs no rule.
  private static func allow(_ path: String, _ rights: UInt64, by rules: FileDescriptor) throws(SystemError) {
    let file: FileDescriptor
    do throws(SystemError) { file = try FileDescriptor.open(path, O_RDONLY) } catch
      where [ENOENT, EACCES].contains(error.code)
    { return }
    let isFolder = try file.status(path).st_mode & S_IFMT == S_IFDIR
    try checked("landlock_add_rule", path) {
      clinux_landlock_allow_file(rules.raw, file.raw, isFolder ? rights : rights & Right.ofFile)
    }
  }

  /// LANDLOCK_ACCESS_FS_* and LANDLOCK_ACCESS_NET_*.
  private enum Right {
    private static let write: UInt64 = 1 << 1
    private static let read: UInt64 = 1 << 2
    private static let list: UInt64 = 1 << 3
    private static let remove: UInt64 = 0b11 << 4
    private static let make: UInt64 = 1 << 7 | 1 << 8 | 1 << 12
    private static let moveBetweenFolders: UInt64 = 1 << 13
    private static let truncate: UInt64 = 1 << 14

    static let reading = read | list
    /// Files, folders and symbolic links; no devices, no sockets, no execution.
    static let changing = reading | write | remove | make | moveBetweenFolders | truncate
    /// The rights that apply to a file that is not a folder.
    static let ofFile = read | write | truncate
    static let connecting: UInt64 = 1 << 1

    /// 13 rights in version 1, REFER in 2, TRUNCATE in 3, IOCTL_DEV in 5.
    static func all(_ version: Int32) -> UInt64 {
      let count =
        switch version {
        case ...1: 13
        case 2: 14
        case 3, 4: 15
        default: 16
        }
      return 1 << count - 1
    }
  }
}
