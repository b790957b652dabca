import Glibc
import SystemCalls
import TestSupport

/// The notification socket of a service manager; sd_notify(3).
final class NotifySocket: Sendable {
  /// The value of NOTIFY_SOCKET.
  let name: String
  private let socket: FileDescriptor

  /// - Parameter name: a path, or `@` and a name in the abstract namespace.
  init(_ name: String) throws {
    self.name = name
    let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    socket = FileDescriptor(owning: try checked("socket") { Glibc.socket(AF_UNIX, type, 0) })
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let (raw, length) = (socket.raw, socklen_t(MemoryLayout<sa_family_t>.size + bytes.count))
    _ = try withUnsafePointer(to: &address) {
      try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        try checked("bind", name) { bind(raw, address, length) }
      }
    }
  }

  /// Returns the lines of the next message; `nil` if there is none.
  func received() -> [String]? {
    var message = [UInt8](repeating: 0, count: 4096)
    let count = recv(socket.raw, &message, message.count, 0)
    return count < 0 ? nil : String(decoding: message[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Waits for the next message.
  func next() async throws -> [String] { try await wait(for: "a message to the service manager") { received() } }
}
