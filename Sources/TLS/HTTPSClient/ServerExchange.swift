import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL

/// One request to a server, over its own connection.
public struct ServerExchange: Sendable {
  /// Limits on the time a server may take, and on the size of its answer.
  public struct Limits: Sendable {
    /// The time limit for the TCP connection, and again for the TLS handshake, in seconds.
    public var connectTime = 10.0
    /// The time limit for the start of the answer, in seconds.
    public var answerTime = 60.0
    /// The maximum time without a byte in the middle of the answer, in seconds.
    public var stallTime = 30.0
    /// The maximum size of the answer's body, in bytes.
    public var answerBytes: Int

    /// Creates the default limits with this maximum size.
    public init(answerBytes: Int) { self.answerBytes = answerBytes }
  }

  /// A complete answer.
  public struct Reply: Sendable {
    /// The HTTP status code.
    public let status: Int
    /// The complete body.
    public let body: [UInt8]
    /// The value of the field Retry-After, if the server sent one.
    public let retryAfter: String?
  }

  private let address: ServerAddress
  private let tls: TLSClientContext
  private let limits: Limits

  /// Creates an exchange with the server at `address`.
  ///
  /// Its certificate must be valid for `address.name` unless `tls` does not verify servers.
  public init(_ address: ServerAddress, tls: TLSClientContext, limits: Limits) {
    self.address = address
    self.tls = tls
    self.limits = limits
  }

  /// Sends a request and waits for the complete answer. Call it on a thread that may block.
  ///
  /// - Parameters:
  ///   - method: `GET` or `POST`.
  ///   - headers: in addition to those for the host and the length of the body.
  /// - Throws: `HTTPSError` if nobody answers, if we do not accept the server or it does not accept us, or if it speaks another protocol.
  public func ask(
    _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) throws -> Reply {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    return try group.next().makeFutureWithTask { try await exchange(method, path, headers, body, on: group) }.wait()
  }

  private func exchange(
    _ method: String, _ path: String, _ headers: [(String, String)], _ body: [UInt8]?, on group: any EventLoopGroup
  ) async throws -> Reply {
    let connection = try await HTTPSConnection.open(to: address, tls, within: limits.connectTime, on: group)
    defer { connection.close() }
    var fields = HTTPHeaders([("Host", "\(address)"), ("Connection", "close")] + headers)
    if let body { fields.add(name: "Content-Length", value: "\(body.count)") }
    connection.send(
      HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: fields),
      body: body.map { ByteBuffer(bytes: $0) })
    let head = try await connection.head(within: limits.answerTime)
    let whole = try await connection.body(atMost: limits.answerBytes, stalling: limits.stallTime)
    return Reply(
      status: head.status, body: Array(whole.readableBytesView), retryAfter: head.headers["Retry-After"].first)
  }
}
