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
  let counts = EnrolmentCounts()
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let context = Mutex<Served?>(nil)

  /// The context with the service's certificates, which are created here and kept only in memory.
  private struct Served {
    let context: TLSServerContext
    let state: String
    let since = NIODeadline.now()
  }

  /// Creates a service that does not listen yet.
  public init(_ authority: any EnrolmentAuthority, log: Logger) {
    self.authority = authority
    self.log = log
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
      counts.refusedConnection()
      refused(channel.remoteAddress, excess)
      throw ChannelError.ioOnClosedChannel
    }
    channel.closeFuture.whenComplete { _ in self.limits.withLock { $0.disconnected(source) } }
    let deadline = channel.eventLoop.scheduleTask(in: Self.connectionTime) { channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in deadline.cancel() }
    let context: TLSServerContext
    do { context = try currentContext() } catch {
      counts.refusedConnection()
      refused(channel.remoteAddress, "\(error)")
      throw error
    }
    let tls = try OpenSSLServerHandler(context: context, handshakeTimeout: Self.handshakeTime)
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

  /// Returns the context for a connection.
  ///
  /// It is replaced every hour, and as soon as the authority has another CA. If there is none at the moment, the last one is still used.
  private func currentContext() throws -> TLSServerContext {
    try context.withLock { served in
      do {
        let state = try authority.serverState()
        if let served, served.state == state, served.since + Self.certificateTime > .now() { return served.context }
        let context = try Self.makeContext(authority)
        served = Served(context: context, state: state)
        return context
      } catch {
        guard let served else { throw error }
        log.error("the service keeps its certificate", metadata: ["reason": "\(error)"])
        return served.context
      }
    }
  }

  private static func makeContext(_ authority: any EnrolmentAuthority) throws -> TLSServerContext {
    let identities = try authority.serverCertificates()
    guard let first = identities.first else { throw ChannelError.ioOnClosedChannel }
    var configuration = TLSServerContext.Configuration(
      certificateChain: first.chain, privateKey: first.key, clientAuthorities: try authority.clientAuthorities())
    configuration.alternatives = Array(identities.dropFirst())
    configuration.admitsAnonymousClients = true
    return try TLSServerContext(configuration) { authority.judge($0.leaf) }
  }

  /// Ends all connections.
  public func stop() throws {
    try group.syncShutdownGracefully()
    try threads.syncShutdownGracefully()
  }
}
