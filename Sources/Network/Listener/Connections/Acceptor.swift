import ConnectionSource
import Glibc
import Logging
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL
import SystemCalls

/// Accepts connections on the listening sockets and sets up each one.
final class Acceptor: Sendable {
  private let context: TLSServerContext
  private let services: Services
  private let connections: Connections
  private let refusals: RefusalLog
  private let admissions: AdmissionReports
  private let limits: ConnectionLimits
  /// One for each event loop.
  private let loopServices: [ObjectIdentifier: NIOLoopBound<LoopServices>]

  init(
    _ material: Material, _ services: Services, _ connections: Connections, _ limits: ConnectionLimits,
    on group: any EventLoopGroup
  ) throws {
    context = material.context
    self.services = services
    self.connections = connections
    self.limits = limits
    refusals = RefusalLog(services.log)
    admissions = AdmissionReports(to: services.supervisor, material.verifier)
    var loopServices: [ObjectIdentifier: NIOLoopBound<LoopServices>] = [:]
    for loop in group.makeIterator() {
      loopServices[ObjectIdentifier(loop)] = try loop.submit { NIOLoopBound(LoopServices(), eventLoop: loop) }.wait()
    }
    self.loopServices = loopServices
  }

  /// Starts accepting. Closing a channel closes only its own descriptor of the socket; other descriptors keep listening.
  func start(_ socket: FileDescriptor, on group: any EventLoopGroup) -> EventLoopFuture<any Channel> {
    // Set on the listening socket: Linux passes these options on to each connection, which saves system calls.
    ServerBootstrap(group: group)
      .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .serverChannelOption(.socketOption(.so_keepalive), value: 1)
      // A vanished host is noticed within a minute, not two hours. TCP_USER_TIMEOUT would also cut off a client that is present but does
      // not read for a while; if a client vanishes in the middle of an answer, HTTPLimits.stallTime ends it.
      .serverChannelOption(.socket(SocketOptionLevel(IPPROTO_TCP), TCP_KEEPIDLE), value: 30)
      .serverChannelOption(.socket(SocketOptionLevel(IPPROTO_TCP), TCP_KEEPINTVL), value: 10)
      .serverChannelOption(.socket(SocketOptionLevel(IPPROTO_TCP), TCP_KEEPCNT), value: 3)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptFaults(self.services.log))
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.setUp(channel) }
      }
      .withBoundSocket(socket.release())
  }

  private func setUp(_ channel: any Channel) throws {
    let peer = channel.remoteAddress
    if let refusal = connections.admit(channel, from: Source(peer)) {
      // Before anything is allocated for the connection.
      services.metrics.dropped(refusal)
      refusals.dropped(peer, refusal, limits.counts, on: channel.eventLoop)
      throw ChannelError.ioOnClosedChannel
    }
    guard let loopServices = loopServices[ObjectIdentifier(channel.eventLoop)]?.value else {
      throw ChannelError.inappropriateOperationForState
    }
    let tls = try OpenSSLServerHandler(context: context, handshakeTimeout: limits.handshakeTime)
    let gate = Gate(
      services, loop: loopServices, connections: connections, refusals: refusals, admissions: admissions, peer: peer)
    try channel.pipeline.syncOperations.addHandlers([tls, gate])
  }
}
