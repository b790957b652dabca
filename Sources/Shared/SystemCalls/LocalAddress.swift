import Glibc

/// The address of a local socket; unix(7).
public struct LocalAddress {
  /// The maximum length of a path or name, in bytes.
  public static let maximumBytes = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size - 1

  private var address = sockaddr_un()
  private let length: socklen_t

  /// Creates the address of a path or, if the first byte is 0, of a name in the abstract namespace.
  ///
  /// - Returns: `nil` if it is longer than `maximumBytes`.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count <= Self.maximumBytes else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
  }

  /// Passes the address and its length to a system call.
  public func pass<Result>(to call: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, length) }
    }
  }
}
