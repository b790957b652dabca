import Glibc
import Synchronization
import SystemCalls

/// Unused TCP ports, each handed out once.
public enum FreePort {
  // Below the range from which the kernel takes clients' ports (ip_local_port_range, ip(7)), so that no client of another test takes the
  // port between this check and agentd's bind.
  private static let range = 20_000..<32_000
  private static let candidate = Mutex(range.lowerBound + Int(getpid()) * 37 % range.count)

  /// Returns a port that was not handed out before.
  public static func next() throws -> Int {
    for _ in range {
      let port = candidate.withLock { candidate in
        candidate = candidate + 1 < range.upperBound ? candidate + 1 : range.lowerBound
        return candidate
      }
      if try isFree(port) { return port }
    }
    throw SystemError("bind", "ports \(range)", code: EADDRINUSE)
  }

  private static func isFree(_ port: Int) throws -> Bool {
    let descriptor = FileDescriptor(
      owning: try checked("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) })
    let raw = descriptor.raw
    var reuse: Int32 = 1
    setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    } == 0
  }
}
