import Glibc

/// The space of a file system that is available to users other than root; statvfs(3).
public struct DiskSpace: Sendable {
  /// The free space, in bytes.
  public let free: UInt64
  /// The total space, in bytes.
  public let total: UInt64
  /// Whether there is so little space that a recent write may have failed, even if some space was freed since.
  public let isFull: Bool
  /// Whether the file system is mounted read-only, as the kernel also does after an error.
  public let isReadOnly: Bool

  /// Fewer free blocks than this count as none.
  private static let fewBlocks: fsblkcnt_t = 16

  /// Queries the file system of `path`; `nil` if that fails or the file system counts no blocks.
  public init?(at path: String) {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Queries the file system of an open file; `nil` if that fails or the file system counts no blocks.
  public init?(of file: FileDescriptor) {
    var status = statvfs()
    guard fstatvfs(file.raw, &status) == 0 else { return nil }
    self.init(status)
  }

  private init?(_ status: statvfs) {
    guard status.f_blocks > 0 else { return nil }
    let unit = UInt64(status.f_frsize)
    free = UInt64(status.f_bavail) * unit
    total = UInt64(status.f_blocks) * unit
    isFull = status.f_bavail < Self.fewBlocks
    isReadOnly = status.f_flag & UInt(ST_RDONLY) != 0
  }
}
