import COpenSSL
import Glibc

/// An error, in one line.
struct LoadError: Error, CustomStringConvertible {
  let description: String

  init(_ what: String) {
    let code = ERR_get_error()
    guard code != 0 else {
      description = what
      return
    }
    var buffer = [CChar](repeating: 0, count: 256)
    ERR_error_string_n(code, &buffer, buffer.count)
    description = what + ": " + buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
}

/// The kernel refused a connection.
struct NobodyListens: Error, CustomStringConvertible {
  let port: UInt16
  var description: String { "connect: nothing listens on port \(port)" }
}

/// The client context of all connections: an SSL_CTX, which threads may share.
final class ClientContext: @unchecked Sendable {
  let context: OpaquePointer

  init(certificate: String, key: String, root: String, onlyTLS12: Bool) throws {
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw LoadError("SSL_CTX_new") }
    self.context = context
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    guard SSL_CTX_load_verify_locations(context, root, nil) == 1 else { throw LoadError(root) }
    guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else { throw LoadError(certificate) }
    guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else { throw LoadError(key) }
    let version = onlyTLS12 ? TLS1_2_VERSION : TLS1_3_VERSION
    _ = cssl_SSL_CTX_set_min_proto_version(context, version)
    _ = cssl_SSL_CTX_set_max_proto_version(context, version)
  }

  deinit { SSL_CTX_free(context) }
}

/// The target of the load.
struct Target: Sendable {
  let context: ClientContext
  let port: UInt16
  let path: String

  func request(close: Bool) -> [UInt8] {
    Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(close ? "Connection: close\r\n" : "")\r\n".utf8)
  }
}

/// A blocking connection to the server.
final class Connection {
  private let ssl: OpaquePointer
  private let socket: Int32
  private var buffer: [UInt8]
  /// When the TCP connection was established.
  let connectedAt: ContinuousClock.Instant
  /// Whether the server announced the last answer as its final one.
  private(set) var isEnding = false

  /// - Parameter bufferBytes: the maximum number of bytes per read.
  init(_ target: Target, bufferBytes: Int = 262_144) throws {
    buffer = [UInt8](repeating: 0, count: bufferBytes)
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = target.port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      let reason = String(cString: strerror(code))
      close(socket)
      if code == ECONNREFUSED { throw NobodyListens(port: target.port) }
      throw LoadError("connect: \(reason)")
    }
    connectedAt = .now
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    self.socket = socket
    ssl = SSL_new(target.context.context)
    SSL_set_fd(ssl, socket)
    // From here on, `deinit` closes the socket, even if this throws.
    guard SSL_connect(ssl) == 1 else { throw LoadError("handshake") }
  }

  deinit {
    SSL_free(ssl)
    close(socket)
  }

  /// Sends a request and reads the complete answer.
  ///
  /// - Returns: the size of its body, in bytes.
  func exchange(_ request: [UInt8]) throws -> Int {
    let (length, start) = try beginning(ofAnswerTo: request)
    try skip(length - start.count)
    return length
  }

  /// Sends a request and returns the body of the answer.
  func answer(_ request: [UInt8]) throws -> [UInt8] {
    var (length, body) = try beginning(ofAnswerTo: request)
    while body.count < length {
      let count = Int(SSL_read(ssl, &buffer, Int32(buffer.count)))
      guard count > 0 else { throw LoadError("the connection ended inside the answer") }
      body.append(contentsOf: buffer[..<count])
    }
    return body
  }

  /// Returns the size of the answer's body, and what of it came with the head.
  private func beginning(ofAnswerTo request: [UInt8]) throws -> (length: Int, start: [UInt8]) {
    guard SSL_write(ssl, request, Int32(request.count)) == Int32(request.count) else { throw LoadError("write") }
    var head: [UInt8] = []
    while true {
      let count = Int(SSL_read(ssl, &buffer, Int32(buffer.count)))
      guard count > 0 else { throw LoadError("the connection ended inside the answer's head") }
      head.append(contentsOf: buffer[..<count])
      if let (length, headLength, isEnding) = try Self.parse(head) {
        self.isEnding = isEnding
        return (length, Array(head[headLength...]))
      }
    }
  }

  /// Sends close_notify and waits until the server closes, so that no handshake is cut short.
  func shutdown() {
    SSL_shutdown(ssl)
    while SSL_read(ssl, &buffer, Int32(buffer.count)) > 0 {}
  }

  /// Whether the server has closed, or sent anything, since the last answer.
  var isSpent: Bool {
    var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) != 0
  }

  private func skip(_ count: Int) throws {
    var left = count
    while left > 0 {
      let count = Int(SSL_read(ssl, &buffer, Int32(buffer.count)))
      guard count > 0 else { throw LoadError("the connection ended inside the answer") }
      left -= count
    }
  }

  private static func parse(_ bytes: [UInt8]) throws -> (length: Int, headLength: Int, isEnding: Bool)? {
    guard bytes.count > 12,
      let end = (3..<bytes.count).first(where: { bytes[($0 - 3)...$0].elementsEqual([13, 10, 13, 10]) })
    else { return nil }
    let lines = String(decoding: bytes[...end], as: UTF8.self).split(separator: "\r\n")
    guard lines.first.map({ $0.contains(" 200") || $0.contains(" 201") }) == true else {
      throw LoadError("answered: \(lines.first ?? "nothing")")
    }
    let prefix = "content-length:"
    guard let line = lines.first(where: { $0.lowercased().hasPrefix(prefix) }),
      let length = Int(line.dropFirst(prefix.count).drop { $0 == " " })
    else { throw LoadError("an answer without Content-Length") }
    return (length, end + 1, lines.contains { $0.lowercased() == "connection: close" })
  }
}
