import AgentProtocol
import NIOCore
import NIOHTTP1
import NIOHTTP2

/// The handlers after TLS once a client is accepted: one of the two protocols, then the same request handler.
struct HTTPPipeline {
  let services: Services
  let loopServices: LoopServices
  /// The client of every request on the connection.
  let client: VerifiedClient
  /// Whether the listener is draining.
  let isDraining: Bool
  private let standing = ClientStanding()

  init(services: Services, loopServices: LoopServices, client: VerifiedClient, isDraining: Bool) {
    self.services = services
    self.loopServices = loopServices
    self.client = client
    self.isDraining = isDraining
  }

  /// Returns the handlers of HTTP/1.1, from the network inwards.
  func http1() -> [any ChannelHandler] {
    let clock = RequestClock(services.limits)
    return [
      clock, HTTPResponseEncoder(),
      ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: services.limits.decoder)),
      HTTPServerPipelineHandler(),
      handler(clock, isDraining: isDraining),
    ]
  }

  /// Returns the handlers of HTTP/2, from the network inwards. Each stream has its own pipeline.
  func http2(on loop: any EventLoop) -> [any ChannelHandler] {
    let clock = RequestClock(services.limits, seesHeads: false)
    let connection = HTTP2Connection(services.limits, clock, services.log, isDraining: isDraining)
    let bound = NIOLoopBound((self, connection), eventLoop: loop)
    let multiplexer = NIOHTTP2Handler(
      mode: .server, eventLoop: loop, connectionConfiguration: services.limits.http2Connection,
      streamConfiguration: services.limits.http2Stream
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        let (pipeline, connection) = bound.value
        try stream.pipeline.syncOperations.addHandlers(pipeline.stream(isDraining: connection.isDraining))
        connection.opened(stream)
      }
    }
    return [clock, multiplexer, connection]
  }

  private func stream(isDraining: Bool) -> [any ChannelHandler] {
    // A stream begins with the complete head of its request.
    let clock = RequestClock(services.limits, first: .body, seesHeads: false)
    return [clock, HTTP2FramePayloadToHTTP1ServerCodec(), handler(clock, isDraining: isDraining)]
  }

  private func handler(_ clock: RequestClock, isDraining: Bool) -> RequestHandler {
    RequestHandler(services, loopServices, client, clock, standing, isDraining: isDraining)
  }
}
