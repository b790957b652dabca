import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL

/// One request to a server, over a connection of its own.
public struct ServerExchange: Sendable {
  /// How long a server may take, and how much it may answer.
  public struct Limits: Sendable {
    /// Seconds for the TCP connection, and again for the TLS handshake.
    public var connectTime = 10.0
    /// Seconds until the answer begins.
    public var answerTime = 60.0
    /// Seconds without a byte in the middle of the answer.
    public var stallTime = 30.0
    /// The maximum bytes of the answer's body.
    public var answerBytes: Int

    /// The defaults, with this maximum.
    public init(answerBytes: Int) { self.answerBytes = answerBytes }
  }

  /// An answer, read to its end.
  public struct Reply: Sendable {
    /// HTTP's status.
    public let status: Int
    /// All bytes of the body.
    public let body: [UInt8]
  }

  private let address: ServerAddress
  private let tls: TLSClientContext
  private let limits: Limits

  /// Requests to the server at `address`, whose certificate has to be for `address.name` unless `tls` verifies none.
  public init(_ address: ServerAddress, tls: TLSClientContext, limits: Limits) {
    self.address = address
    self.tls = tls
    self.limits = limits
  }

  /// Asks, and waits for the whole answer. To be called on a thread that may block.
  ///
  /// - Parameters:
  ///   - method: `GET` or `POST`.
  ///   - headers: beside those that say where the request goes and where it ends.
  /// - Throws: `HTTPSError`: nobody answers, we do not accept the server, it does not accept us, or it speaks something else.
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
    return Reply(status: head.status, body: Array(whole.readableBytesView))
  }
}
