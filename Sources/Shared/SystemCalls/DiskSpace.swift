import Glibc

/// How much room a file system has for those who are not root; statvfs(3).
public struct DiskSpace: Sendable {
  /// Free bytes.
  public let free: UInt64
  /// Bytes in all.
  public let total: UInt64
  /// Whether there is so little room that a write may have failed a moment ago: what was written last may have been freed again.
  public let isFull: Bool

  /// Fewer free blocks than these count as none.
  private static let fewBlocks: fsblkcnt_t = 16

  /// Looks at the file system of `path`; `nil` if it cannot be asked, or counts no blocks.
  public init?(at path: String) {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Looks at the file system of an open file; `nil` if it cannot be asked, or counts no blocks.
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
  }
}
