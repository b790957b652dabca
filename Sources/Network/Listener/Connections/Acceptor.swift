import ConnectionSource
import Glibc
import Logging
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL
import SystemCalls

/// Accepts connections on the listening sockets and sets each up.
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

  /// Starts accepting. When a channel is closed, only its own descriptor of the socket is: others go on listening.
  func start(_ socket: FileDescriptor, on group: any EventLoopGroup) -> EventLoopFuture<any Channel> {
    // Set on the listening socket, from which Linux hands them on to each connection: no system call for each.
    ServerBootstrap(group: group)
      .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .serverChannelOption(.socketOption(.so_keepalive), value: 1)
      // A host that has vanished is noticed within a minute, not two hours. Not by TCP_USER_TIMEOUT, which also cuts off a
      // client that is there and only does not read for a while; where it has vanished amidst an answer, that one's own time
      // (HTTPLimits.stallTime) ends it.
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
      // Before anything is made for it.
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
