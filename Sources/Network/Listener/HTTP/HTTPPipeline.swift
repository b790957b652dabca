import AgentProtocol
import NIOCore
import NIOHTTP1
import NIOHTTP2

/// What stands behind TLS once a client is let in: one protocol or the other, and the same handler of requests behind both.
struct HTTPPipeline {
  let services: Services
  let loopServices: LoopServices
  /// Who asks, in every request of the connection.
  let client: VerifiedClient
  /// Whether the listener is going.
  let isDraining: Bool

  /// The handlers of HTTP/1.1, from the network inwards.
  func http1() -> [any ChannelHandler] {
    let clock = RequestClock(services.limits)
    return [
      clock, HTTPResponseEncoder(),
      ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: services.limits.decoder)),
      HTTPServerPipelineHandler(),
      handler(clock, isDraining: isDraining),
    ]
  }

  /// The handlers of HTTP/2, from the network inwards. Each stream gets a pipeline of its own.
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
    // A stream begins with the whole head of its request.
    let clock = RequestClock(services.limits, first: .body, seesHeads: false)
    return [clock, HTTP2FramePayloadToHTTP1ServerCodec(), handler(clock, isDraining: isDraining)]
  }

  private func handler(_ clock: RequestClock, isDraining: Bool) -> RequestHandler {
    RequestHandler(services, loopServices, client, clock, isDraining: isDraining)
  }
}
