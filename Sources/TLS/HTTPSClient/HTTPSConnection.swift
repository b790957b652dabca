import Glibc
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import NIOPosix
import OpenSSL

/// A connection to a server, for one request after another.
public final class HTTPSConnection: Sendable {
  private let peer: ServerAddress
  private let channel: any Channel
  private let reader: NIOLoopBound<AnswerReader>

  private init(_ peer: ServerAddress, _ channel: any Channel, _ reader: NIOLoopBound<AnswerReader>) {
    self.peer = peer
    self.channel = channel
    self.reader = reader
  }

  /// Connects, and completes the TLS handshake.
  ///
  /// - Parameters:
  ///   - peer: its certificate must be valid for `peer.name`, unless `context` does not verify servers.
  ///   - seconds: the time limit for the TCP connection, and again for the TLS handshake.
  /// - Throws: `HTTPSError`, or `CancellationError`.
  public static func open(
    to peer: ServerAddress, _ context: TLSClientContext, within seconds: Double, on group: any EventLoopGroup
  ) async throws -> HTTPSConnection {
    let loop = group.next()
    let opened = loop.makePromise(of: Void.self)
    let reader = try await loop.submit { NIOLoopBound(AnswerReader(peer, opened: opened), eventLoop: loop) }.get()
    let bootstrap = ClientBootstrap(group: loop)
      .resolver(HostLookup(on: loop))
      .connectTimeout(TimeAmount(seconds: seconds))
      .channelOption(.autoRead, value: false)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      // A host that has vanished is noticed within a minute.
      .channelOption(.socket(SocketOptionLevel(IPPROTO_TCP), TCP_KEEPIDLE), value: 30)
      .channelOption(.socket(SocketOptionLevel(IPPROTO_TCP), TCP_KEEPINTVL), value: 10)
      .channelOption(.socket(SocketOptionLevel(IPPROTO_TCP), TCP_KEEPCNT), value: 3)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(OpenSSLClientHandler(context: context, serverName: peer.name))
          try pipeline.addHandler(HTTPRequestEncoder())
          try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(limitConfiguration: .answer)))
          try pipeline.addHandler(reader.value)
        }
      }
    do {
      let channel = try await bootstrap.connect(host: peer.host, port: peer.port).get()
      let connection = HTTPSConnection(peer, channel, reader)
      let deadline = loop.scheduleTask(in: TimeAmount(seconds: seconds)) {
        reader.value.end(HTTPSError(.unreachable, peer, "does not complete the TLS handshake"))
      }
      defer { deadline.cancel() }
      try await connection.cancellable { try await opened.futureResult.get() }
      return connection
    } catch {
      opened.fail(error)  // in case not even the TCP connection succeeded
      try Task.checkCancellation()
      throw HTTPSError(connecting: error, to: peer)
    }
  }

  /// Whether a request can be sent, as far as known.
  public var isOpen: Bool { channel.isActive }

  /// Sends a request. Only the answer shows that the server received it.
  public func send(_ head: HTTPRequestHead, body: ByteBuffer?) {
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil) }
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
  }

  /// Returns the head of the next answer.
  ///
  /// - Throws: `HTTPSError`, or `CancellationError`.
  public func head(within seconds: Double) async throws -> AnswerHead {
    guard case .head(let head) = try await next(within: seconds) else {
      throw HTTPSError(.misconfigured, peer, "an answer without a head")
    }
    guard let head = AnswerHead(head) else {
      throw HTTPSError(.misconfigured, peer, "the answer does not state its length")
    }
    return head
  }

  /// Returns the next bytes of the answer's body; `nil` at its end.
  ///
  /// - Throws: `HTTPSError`, or `CancellationError`.
  public func bytes(within seconds: Double) async throws -> ByteBuffer? {
    switch try await next(within: seconds) {
    case .head: throw HTTPSError(.misconfigured, peer, "a second head in an answer")
    case .body(let part): return part
    case .end: return nil
    }
  }

  /// Returns the complete body of the answer.
  ///
  /// - Parameters:
  ///   - limit: the maximum size in bytes; a larger body is an error.
  ///   - seconds: the maximum time without a byte.
  /// - Throws: `HTTPSError`, or `CancellationError`.
  public func body(atMost limit: Int, stalling seconds: Double) async throws -> ByteBuffer {
    var whole = ByteBuffer()
    while let part = try await bytes(within: seconds) {
      guard whole.readableBytes + part.readableBytes <= limit else {
        throw HTTPSError(.misconfigured, peer, "an answer of more than \(limit) bytes")
      }
      whole.writeImmutableBuffer(part)
    }
    return whole
  }

  private func next(within seconds: Double) async throws -> HTTPClientResponsePart {
    let promise = channel.eventLoop.makePromise(of: HTTPClientResponsePart.self)
    let reader = reader
    if channel.eventLoop.inEventLoop {
      reader.value.next(within: TimeAmount(seconds: seconds), promise)
    } else {
      channel.eventLoop.execute { reader.value.next(within: TimeAmount(seconds: seconds), promise) }
    }
    return try await cancellable { try await promise.futureResult.get() }
  }

  /// Closes the connection.
  public func close() { channel.close(promise: nil) }

  private func cancellable<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await withTaskCancellationHandler(operation: body) { channel.close(promise: nil) }
    } catch {
      close()
      try Task.checkCancellation()
      throw error
    }
  }
}

/// The head of an answer.
public struct AnswerHead: Sendable {
  /// The HTTP status code.
  public let status: Int
  /// The header fields.
  public let headers: HTTPHeaders
  /// Whether the connection can be used for another request.
  public let keepsConnection: Bool
  /// Whether the request was sent before, on a connection that was lost: the server may have received it twice.
  public var isRepeated = false

  /// Returns `nil` if the head does not say where the body ends.
  ///
  /// If only the end of the connection did, a truncated body would look complete.
  init?(_ head: HTTPResponseHead) {
    status = Int(head.status.code)
    headers = head.headers
    keepsConnection = head.isKeepAlive
    let isFramed = headers.contains(name: "Content-Length") || headers["Transfer-Encoding"] == ["chunked"]
    // These never have a body (RFC 9112 section 6.3).
    guard isFramed || status == 204 || status == 304 else { return nil }
  }
}

extension NIOHTTPDecoderLimitConfiguration {
  /// The limits on an answer's head: bytes and number of fields.
  fileprivate static var answer: NIOHTTPDecoderLimitConfiguration {
    var configuration = NIOHTTPDecoderLimitConfiguration()
    configuration.maxHeaderFieldSize = 16384
    configuration.maxHeaderListSize = 16384
    configuration.maxHeaderFieldCount = 100
    return configuration
  }
}

extension TimeAmount {
  /// Creates an amount from seconds with fractions.
  fileprivate init(seconds: Double) { self = .milliseconds(Int64(seconds * 1000)) }
}
