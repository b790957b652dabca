import AgentProtocol
import Logging
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import OpenSSL

/// Stands behind TLS until the client has proven who it is; then HTTP takes its place, on behalf of that client. Before
/// that there is nothing in the pipeline that could answer.
final class Gate: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let services: Services
  private let loopServices: LoopServices
  private let connections: Connections
  private let refusals: RefusalLog
  /// Kept, because a closed socket has none.
  private let peer: SocketAddress?
  private var isCounted = true

  init(
    _ services: Services, _ loopServices: LoopServices, _ connections: Connections, _ refusals: RefusalLog,
    peer: SocketAddress?
  ) {
    self.services = services
    self.loopServices = loopServices
    self.connections = connections
    self.refusals = refusals
    self.peer = peer
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case let handshake as TLSHandshakeCompleted: admitted(handshake.clientCertificate, context)
    case is DrainRequested: break  // the handshake goes on; what follows it finds out by itself
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // TLS lets nothing through before the handshake is over. If it did, it would end here.
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    handshakeEnded()
    switch error {
    case HandshakeFailure.closed(wasSilent: true):
      // Port scanners and health checks: nobody was refused.
      services.log.debug("connection without a word", metadata: ["peer": "\(peer?.description ?? "unknown")"])
    case let failure as HandshakeFailure:
      refusals.refused(peer, "\(failure)", on: context.eventLoop)
    default:
      refusals.refused(peer, "\(error)", on: context.eventLoop)
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    handshakeEnded()
    context.fireChannelInactive()
  }

  private func admitted(_ certificate: Certificate, _ context: ChannelHandlerContext) {
    handshakeEnded()
    let client = ClientIdentity(subject: certificate.subject, thumbprint: certificate.sha256Thumbprint)
    let clock = RequestClock(services.limits)
    let handler = RequestHandler(services, loopServices, client, clock, isDraining: connections.isDraining)
    do {
      let pipeline = context.pipeline.syncOperations
      try pipeline.addHandlers(Self.http1(clock, handler, services.limits), position: .after(self))
      pipeline.removeHandler(context: context, promise: nil)
    } catch {
      services.log.error("connection cannot be set up", metadata: ["error": "\(error)"])
      context.close(promise: nil)
    }
  }

  /// The handlers of HTTP/1.1, from the network inwards.
  static func http1(
    _ clock: RequestClock, _ handler: RequestHandler, _ limits: HTTPLimits
  ) -> [any ChannelHandler] {
    [
      clock, HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits.decoder)),
      HTTPServerPipelineHandler(), handler,
    ]
  }

  private func handshakeEnded() {
    if isCounted { connections.handshakeEnded() }
    isCounted = false
  }
}
