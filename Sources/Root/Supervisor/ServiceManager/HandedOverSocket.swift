import Glibc
import SystemCalls

extension ListeningSocket {
  /// Takes over a socket that the process that started agentd bound, and holds while agentd is not running.
  ///
  /// - Parameter number: its descriptor, which this object owns from now on.
  init(handedOver number: Int32) throws(StartFailure) {
    let unfit = StartFailure(
      EX_CONFIG, "descriptor \(number), handed over by the service manager, is not a listening TCP socket",
      hint: "see ListenStream= in agentd.socket")
    // A descriptor that is not open must not be closed later.
    guard fcntl(number, F_GETFD) >= 0 else { throw unfit }
    let descriptor = FileDescriptor(owning: number)
    guard (try? descriptor.option(SO_PROTOCOL)) == Int32(IPPROTO_TCP), (try? descriptor.option(SO_ACCEPTCONN)) == 1,
      let endpoint = try? Self.endpoint(of: descriptor)
    else { throw unfit }
    try required(orExit: EX_OSERR) { () throws(SystemError) in
      try checked("fcntl") { fcntl(number, F_SETFD, FD_CLOEXEC) }
      try descriptor.setNonBlocking(true)
    }
    self.init(endpoint, descriptor)
  }

  private static func endpoint(of descriptor: FileDescriptor) throws -> Endpoint {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var (host, port) = ([CChar](repeating: 0, count: Int(NI_MAXHOST)), [CChar](repeating: 0, count: Int(NI_MAXSERV)))
    let raw = descriptor.raw
    let code = try withUnsafeMutablePointer(to: &address) { storage in
      try storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        try checked("getsockname") { getsockname(raw, address, &length) }
        return getnameinfo(
          address, length, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
      }
    }
    guard code == 0, let number = UInt16(text(port)) else { throw SystemError("getnameinfo", code: EAFNOSUPPORT) }
    return Endpoint(address: text(host), port: number)
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension FileDescriptor {
  /// Returns the value of a socket option; socket(7).
  fileprivate func option(_ name: Int32) throws(SystemError) -> Int32 {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    let raw = raw
    try checked("getsockopt") { getsockopt(raw, SOL_SOCKET, name, &value, &length) }
    return value
  }
}
