import Glibc

/// The space of a file system that is available to users other than root; statvfs(3).
public struct DiskSpace: Sendable {
  /// The free space, in bytes.
  public let free: UInt64
  /// The total space, in bytes.
  public let total: UInt64
  /// Whether the file system is mounted read-only, as the kernel also does after an error.
  public let isReadOnly: Bool

  /// Queries the file system of `path`; `nil` if that fails or the file system counts no blocks.
  public init?(at path: String) {
    var status = statvfs()
    guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
    let unit = UInt64(status.f_frsize)
    free = UInt64(status.f_bavail) * unit
    total = UInt64(status.f_blocks) * unit
    isReadOnly = status.f_flag & UInt(ST_RDONLY) != 0
  }
}
