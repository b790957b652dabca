import ConnectionSource
import EnrolmentProtocol
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import NIOPosix
import OpenSSL
import Synchronization

/// A server for EST (RFC 7030): TLS with a certificate of the CA, HTTP/1.1, one request per connection.
public final class EnrolmentService: Sendable {
  /// How long a certificate of the service itself is used.
  private static let certificateTime = TimeAmount.hours(1)
  /// The maximum duration of a connection.
  static let connectionTime = TimeAmount.seconds(30)
  static let handshakeTime = TimeAmount.seconds(10)

  let authority: any EnrolmentAuthority
  let log: Logger
  /// The thread on which the authority is asked, because it writes to disk.
  let threads = NIOThreadPool(numberOfThreads: 1)
  let limits = Mutex(SourceLimits())
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let context: Mutex<(context: TLSServerContext, since: NIODeadline)>

  /// Creates a service that does not listen yet.
  ///
  /// - Throws: what the authority throws, or `OpenSSLError`.
  public init(_ authority: any EnrolmentAuthority, log: Logger) throws {
    self.authority = authority
    self.log = log
    context = Mutex((try Self.makeContext(authority), .now()))
  }

  /// Begins to serve.
  ///
  /// - Parameters:
  ///   - host: the address to listen on; `nil` for all.
  ///   - port: the port.
  /// - Throws: `IOError` if the service cannot listen on the address.
  public func listen(host: String?, port: Int) throws {
    threads.start()
    guard let host else {
      // `::` includes IPv4; a host without IPv6 does not have this address.
      do { try bind("::", port) } catch let error as IOError
        where [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errnoCode)
      { try bind("0.0.0.0", port) }
      return
    }
    try bind(host, port)
  }

  private func bind(_ host: String, _ port: Int) throws {
    _ = try ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try self.setUp(channel) } }
      .bind(host: host, port: port).wait()
  }

  private func setUp(_ channel: any Channel) throws {
    let source = Source(channel.remoteAddress)
    if let excess = limits.withLock({ $0.connected(source) }) {
      refused(channel.remoteAddress, excess)
      throw ChannelError.ioOnClosedChannel
    }
    channel.closeFuture.whenComplete { _ in self.limits.withLock { $0.disconnected(source) } }
    let deadline = channel.eventLoop.scheduleTask(in: Self.connectionTime) { channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in deadline.cancel() }
    let tls = try OpenSSLServerHandler(context: try currentContext(), handshakeTimeout: Self.handshakeTime)
    var heads = NIOHTTPDecoderLimitConfiguration()
    heads.maxHeaderFieldSize = 16384
    heads.maxHeaderListSize = 16384
    heads.maxHeaderFieldCount = 64
    try channel.pipeline.syncOperations.addHandlers([
      tls, HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: heads)),
      EnrolmentHandler(self),
    ])
  }

  /// Logs that a connection or a request was refused.
  func refused(_ peer: SocketAddress?, _ reason: String, _ facts: Logger.Metadata = [:]) {
    guard limits.withLock({ $0.isWorthALine(Source(peer)) }) else { return }
    let own: Logger.Metadata = ["peer": "\(Source.text(peer))", "reason": "\(reason)"]
    log.warning("refused", metadata: own.merging(facts) { $1 })
  }

  /// Returns the context with the service's certificate, which is created here and kept only in memory.
  ///
  /// It is replaced every hour, so that a change of root or of names takes effect.
  private func currentContext() throws -> TLSServerContext {
    try context.withLock { current in
      if current.since + Self.certificateTime <= .now() {
        current = (try Self.makeContext(authority), .now())
      }
      return current.context
    }
  }

  private static func makeContext(_ authority: any EnrolmentAuthority) throws -> TLSServerContext {
    let (chain, key) = try authority.serverCertificate()
    var configuration = TLSServerContext.Configuration(
      certificateChain: chain, privateKey: key, clientAuthorities: try authority.authorityCertificates())
    configuration.admitsAnonymousClients = true
    return try TLSServerContext(configuration) { authority.judge($0.leaf) }
  }

  /// Ends all connections.
  public func stop() throws {
    try group.syncShutdownGracefully()
    try threads.syncShutdownGracefully()
  }
}
