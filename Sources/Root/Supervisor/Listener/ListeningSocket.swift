import AgentProtocol
import CLinux
import Glibc
import SystemCalls

/// A bound and listening TCP socket. The supervisor keeps it while listeners are replaced, so that no connection is refused.
struct ListeningSocket {
  /// The configured address and port, by which a reload decides whether the socket can stay.
  let endpoint: Endpoint
  /// The address as logs show it, with the actual port: `0.0.0.0:5773`, `[::]:5773`.
  let shown: String
  /// The descriptor of the socket.
  let descriptor: FileDescriptor

  /// A numeric address and a port.
  struct Endpoint: Hashable, CustomStringConvertible {
    let address: String
    let port: UInt16

    /// `ADDRESS:PORT`.
    var description: String { HostAndPort.text(address, port) }
  }

  /// Creates a socket, binds it and listens.
  ///
  /// - Parameter beside: sockets of ours on the same port that may stay bound to overlapping addresses, as when a reload narrows `0.0.0.0`
  ///   to one address.
  init(_ endpoint: Endpoint, beside: [ListeningSocket] = []) throws(SystemError) {
    let subject = "\(endpoint)"
    let address = try SocketAddress(endpoint)
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = FileDescriptor(owning: try checked("socket", subject) { socket(address.family, type, 0) })
    try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, subject)
    // Two sockets, 0.0.0.0 and ::, each for its own family: agentd listens on exactly what is configured.
    if address.family == AF_INET6 { try descriptor.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, subject) }
    do throws(SystemError) {
      try Self.listen(descriptor, at: address, subject)
    } catch  where error.code == EADDRINUSE && !beside.isEmpty {
      try Self.listenOverlapping(descriptor, at: address, beside: beside, subject)
    }
    self.endpoint = endpoint
    self.descriptor = descriptor
    shown = Endpoint(address: endpoint.address, port: try SocketAddress.port(of: descriptor)).description
  }

  /// Wraps a socket that already listens.
  init(_ endpoint: Endpoint, _ descriptor: FileDescriptor) {
    (self.endpoint, self.descriptor, shown) = (endpoint, descriptor, endpoint.description)
  }

  /// Ignores new connections from now on, so that none is in the queue when the last descriptor is closed, which would reset it.
  ///
  /// Clients that connect meanwhile wait and are refused after the close.
  func ignoreNewConnections() throws(SystemError) {
    let raw = descriptor.raw
    try checked("SO_ATTACH_FILTER", "\(endpoint)") { clinux_ignore_new_connections(raw) }
  }

  /// Accepts new connections again.
  func takeNewConnections() {
    // Fails only if none were ignored.
    _ = clinux_take_new_connections(descriptor.raw)
  }

  private static func listen(
    _ descriptor: FileDescriptor, at address: SocketAddress, _ subject: String
  ) throws(SystemError) {
    try address.bind(descriptor, subject)
    let raw = descriptor.raw
    try checked("listen", subject) { Glibc.listen(raw, SOMAXCONN) }
  }

  // Only temporarily: if SO_REUSEPORT stayed on, a second agentd could bind the same port unnoticed. listen(2) checks the address again.
  private static func listenOverlapping(
    _ descriptor: FileDescriptor, at address: SocketAddress, beside: [ListeningSocket], _ subject: String
  ) throws(SystemError) {
    let all = beside.map(\.descriptor) + [descriptor]
    for one in all { try one.setOption(SOL_SOCKET, SO_REUSEPORT, subject) }
    defer { for one in all { try? one.setOption(SOL_SOCKET, SO_REUSEPORT, to: 0, subject) } }
    try listen(descriptor, at: address, subject)
  }
}

extension FileDescriptor {
  fileprivate func setOption(_ level: Int32, _ option: Int32, to value: Int32 = 1, _ subject: String)
    throws(SystemError)
  {
    let raw = raw
    var value = value
    try checked("setsockopt", subject) {
      setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }
}

/// A socket address of either family.
private struct SocketAddress {
  let family: Int32
  private let bytes: [UInt8]

  init(_ endpoint: ListeningSocket.Endpoint) throws(SystemError) {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(endpoint.address, "\(endpoint.port)", &hints, &list) == 0, let first = list?.pointee else {
      throw SystemError("getaddrinfo", "\(endpoint)", code: EINVAL)
    }
    defer { freeaddrinfo(list) }
    family = first.ai_family
    bytes = Array(UnsafeRawBufferPointer(start: first.ai_addr, count: Int(first.ai_addrlen)))
  }

  func bind(_ descriptor: FileDescriptor, _ subject: String) throws(SystemError) {
    let raw = descriptor.raw
    try checked("bind", subject) {
      bytes.withUnsafeBytes {
        Glibc.bind(raw, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
      }
    }
  }

  /// Returns the port, which is at the same offset in the addresses of both families; ip(7), ipv6(7).
  static func port(of descriptor: FileDescriptor) throws(SystemError) -> UInt16 {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let raw = descriptor.raw
    try checked("getsockname") {
      withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &length) }
      }
    }
    return withUnsafeBytes(of: &address) { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }
  }
}
