import CLinux
import SystemCalls

/// landlock(7) with no exception: whatever is already open stays usable, nothing else of the host can be reached.
package enum Landlock {
  /// Denies the calling thread, and those it starts, all that the kernel can deny: every access to a file, from version 4
  /// TCP's bind(2) and connect(2), from version 6 signals to other processes and their abstract sockets.
  ///
  /// - Throws: where the kernel has no landlock, or has it switched off.
  package static func denyAll() throws(SystemError) {
    let version = try checked("landlock_create_ruleset") { clinux_landlock_version() }
    let (network, scopes): (UInt64, UInt64) = (version >= 4 ? 0b11 : 0, version >= 6 ? 0b11 : 0)
    let size = version >= 6 ? 24 : version >= 4 ? 16 : 8
    try checked("landlock_restrict_self") { clinux_landlock_deny(files(version), network, scopes, size) }
  }

  /// LANDLOCK_ACCESS_FS_*: 13 rights in version 1, REFER in 2, TRUNCATE in 3, IOCTL_DEV in 5.
  private static func files(_ version: Int32) -> UInt64 {
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
