import Glibc

/// The identity of a file, regardless of its name.
public struct FileIdentity: Hashable, Sendable {
  /// The device.
  public let device: UInt64
  /// The number of the inode on that device.
  public let number: UInt64

  public init(device: UInt64, number: UInt64) {
    self.device = device
    self.number = number
  }

  /// The identity of the file with this status.
  public init(_ status: stat) {
    self.init(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
  }
}
