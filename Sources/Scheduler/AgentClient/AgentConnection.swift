import Glibc
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import NIOPosix
import OpenSSL

/// One connection to an agent, which takes one request after another.
final class AgentConnection: Sendable {
  private let channel: any Channel
  private let reader: NIOLoopBound<AnswerReader>

  private init(_ channel: any Channel, _ reader: NIOLoopBound<AnswerReader>) {
    self.channel = channel
    self.reader = reader
  }

  /// Connects, and has both sides prove who they are.
  ///
  /// - Throws: `AgentError`.
  static func open(
    to address: AgentAddress, _ context: TLSClientContext, _ limits: ClientLimits, on group: any EventLoopGroup
  ) async throws -> AgentConnection {
    let loop = group.next()
    let opened = loop.makePromise(of: Void.self)
    let reader = try await loop.submit { NIOLoopBound(AnswerReader(opened: opened), eventLoop: loop) }.get()
    let bootstrap = ClientBootstrap(group: loop)
      .resolver(HostLookup(on: loop))
      .connectTimeout(TimeAmount(seconds: limits.connectTime))
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
          try pipeline.addHandler(OpenSSLClientHandler(context: context, serverName: address.name))
          try pipeline.addHandler(HTTPRequestEncoder())
          try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(limitConfiguration: limits.decoder)))
          try pipeline.addHandler(reader.value)
        }
      }
    do {
      let channel = try await bootstrap.connect(host: address.host, port: address.port).get()
      let connection = AgentConnection(channel, reader)
      let deadline = loop.scheduleTask(in: TimeAmount(seconds: limits.connectTime)) {
        reader.value.end(.unreachable("the agent does not complete the TLS handshake"))
      }
      defer { deadline.cancel() }
      try await connection.cancellable { try await opened.futureResult.get() }
      return connection
    } catch {
      opened.fail(error)  // where there has not even been a connection
      try Task.checkCancellation()
      throw AgentError(connecting: error, to: address)
    }
  }

  /// Whether a request can be sent, as far as is known.
  var isOpen: Bool { channel.isActive }

  /// Sends a request. That it was taken is known only when the answer comes.
  func send(_ head: HTTPRequestHead, body: ByteBuffer?) {
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil) }
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
  }

  /// The next part of the answer.
  ///
  /// - Throws: `AgentError`, or `CancellationError`; the connection is over.
  func next(within seconds: Double) async throws -> HTTPClientResponsePart {
    let promise = channel.eventLoop.makePromise(of: HTTPClientResponsePart.self)
    let reader = reader
    if channel.eventLoop.inEventLoop {
      reader.value.next(within: TimeAmount(seconds: seconds), promise)
    } else {
      channel.eventLoop.execute { reader.value.next(within: TimeAmount(seconds: seconds), promise) }
    }
    return try await cancellable { try await promise.futureResult.get() }
  }

  /// Ends the connection.
  func close() { channel.close(promise: nil) }

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

extension AgentError {
  /// Sorts why there is no connection. A cancellation stays one.
  fileprivate init(connecting error: any Error, to address: AgentAddress) {
    switch error {
    case let error as AgentError: self = error
    case let error as OpenSSLError: self = .unusable("\(error)")
    case let error as IOError where [EMFILE, ENFILE].contains(error.errnoCode):
      self = .unreachable("\(address): \(String(cString: strerror(error.errnoCode))) on this side")
    case let error as NIOConnectionError:
      let cause = error.connectionErrors.first.map { Self.cause($0.error) } ?? error.dnsAError.map { "\($0)" }
      self = .unreachable("\(address): \(cause ?? "no address")")
    case ChannelError.connectTimeout: self = .unreachable("\(address): it does not answer")
    default: self = .unreachable("\(address): \(error)")
    }
  }

  private static func cause(_ error: any Error) -> String {
    if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
    if case ChannelError.connectTimeout = error { return "it does not answer" }
    return "\(error)"
  }
}
