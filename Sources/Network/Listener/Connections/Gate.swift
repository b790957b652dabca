import AgentProtocol
import ConnectionSource
import Logging
import NIOCore
import NIOOpenSSL
import OpenSSL

/// Follows TLS in the pipeline until the client has authenticated; then HTTP replaces it, on behalf of that client.
///
/// Before that, nothing in the pipeline could answer.
final class Gate: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let services: Services
  private let loopServices: LoopServices
  private let connections: Connections
  private let refusals: RefusalLog
  private let admissions: AdmissionReports
  /// Stored because a closed socket has no peer address.
  private let peer: SocketAddress?

  init(
    _ services: Services, loop: LoopServices, connections: Connections, refusals: RefusalLog,
    admissions: AdmissionReports, peer: SocketAddress?
  ) {
    self.services = services
    loopServices = loop
    self.connections = connections
    self.refusals = refusals
    self.admissions = admissions
    self.peer = peer
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case let handshake as TLSHandshakeCompleted: admitted(handshake, context)
    case is DrainRequested: break  // the handshake continues; the HTTP handlers check isDraining themselves
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // TLS passes nothing on before the handshake is complete. If it did, the connection would end here.
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    services.metrics.refused(error as? HandshakeFailure ?? .other("\(error)"))
    switch error {
    case HandshakeFailure.closed(wasSilent: true):
      // Port scanners and health checks: no client was refused.
      services.log.debug("connection closed without any data", metadata: ["peer": "\(peer?.description ?? "unknown")"])
    case let failure as HandshakeFailure:
      refusals.refused(peer, "\(failure)", on: context.eventLoop)
    default:
      refusals.refused(peer, "\(error)", on: context.eventLoop)
      context.close(promise: nil)
    }
  }

  private func admitted(_ handshake: TLSHandshakeCompleted, _ context: ChannelHandlerContext) {
    let client = loopServices.client(of: handshake.clientCertificate).speaking(from: Source.text(peer))
    if let refusal = connections.proved(context.channel, ClientKey(client)) {
      services.metrics.dropped(refusal)
      refusals.dropped(peer, refusal, connections.limits.counts, on: context.eventLoop)
      return context.close(promise: nil)
    }
    services.metrics.accepted(version: handshake.version)
    admissions.admitted(client.identity) {
      try? context.pipeline.syncOperations.handler(type: OpenSSLServerHandler.self).presentedChain
    }
    let http = HTTPPipeline(
      services: services, loopServices: loopServices, client: client, isDraining: connections.isDraining)
    do {
      let pipeline = context.pipeline.syncOperations
      let handlers =
        handshake.applicationProtocol == ApplicationProtocol.http2.rawValue
        ? http.http2(on: context.eventLoop) : http.http1()
      try pipeline.addHandlers(handlers, position: .after(self))
      pipeline.removeHandler(context: context, promise: nil)
    } catch {
      services.log.error("connection cannot be set up", metadata: ["error": "\(error)"])
      context.close(promise: nil)
    }
  }
}
