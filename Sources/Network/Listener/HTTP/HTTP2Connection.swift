import Logging
import NIOCore
import NIOHTTP2

/// An HTTP/2 connection, apart from its streams.
///
/// Limits what the limits of streams do not cover, and shuts down as RFC 9113 section 6.8 requires, so that no request in flight is lost.
final class HTTP2Connection: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private enum State {
    case open
    /// The client has been told to open no more streams; those that it opens before it learns of that are served.
    case leaving
    /// New streams are not served. The connection closes with the last stream.
    case left
  }

  private let limits: HTTPLimits
  private let clock: RequestClock
  private let log: Logger
  private var context: ChannelHandlerContext?
  private var state = State.open
  private var streams: [ObjectIdentifier: any Channel] = [:]
  private var lastStream = HTTP2StreamID.rootStream
  private var requests = 0
  /// Whether the listener is draining: streams are told, and new ones start in that state.
  private(set) var isDraining: Bool

  /// - Parameters:
  ///   - clock: the clock of the connection, which is idle while there are no streams.
  ///   - isDraining: whether the listener is already draining.
  init(_ limits: HTTPLimits, _ clock: RequestClock, _ log: Logger, isDraining: Bool) {
    self.limits = limits
    self.clock = clock
    self.log = log
    self.isDraining = isDraining
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if isDraining { clock.boundIdleTime(limits.drainGrace) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // Frames of streams go to the streams. A frame of the connection, such as a PING, shows that the client wants to keep it.
    if streams.isEmpty { clock.enter(.idle) }
    if case .ping(Self.farewell, ack: true) = Self.unwrapInboundIn(data).payload { lastCall() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is RequestClock.Expired: end()
    case is DrainRequested: drain()
    case ChannelEvent.inputClosed:
      tellStreams(ChannelEvent.inputClosed)
      state = .left
      closeIfDone()
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A stream has already been told about an error of its own. Everything else is a violation of the protocol or a limit by the client,
    // and NIO has sent the GOAWAY.
    if error is NIOHTTP2Errors.StreamError { return }
    log.debug("HTTP/2 connection failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }
}

// Streams.
extension HTTP2Connection {
  /// Registers a new stream; the connection is no longer idle.
  func opened(_ stream: any Channel) {
    if streams.isEmpty { clock.enter(.other(within: nil)) }
    streams[ObjectIdentifier(stream)] = stream
    if let id = try? stream.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID) {
      lastStream = max(lastStream, id)
    }
    stream.closeFuture.assumeIsolated().whenComplete { _ in self.closed(stream) }
    requests += 1
    if requests >= limits.requests || isDraining { leave() }
  }

  private func closed(_ stream: any Channel) {
    streams.removeValue(forKey: ObjectIdentifier(stream))
    if streams.isEmpty { clock.enter(.idle) }
    closeIfDone()
  }

  private func tellStreams(_ event: any Sendable) {
    for stream in Array(streams.values) { stream.pipeline.fireUserInboundEventTriggered(event) }
  }
}

// Closing.
extension HTTP2Connection {
  /// The data of the PING whose acknowledgement shows that the client has read our GOAWAY.
  private static let farewell = HTTP2PingData(withInteger: 0x6167_656E_7464_2E2E)

  private func drain() {
    if isDraining { return }
    isDraining = true
    tellStreams(DrainRequested())
    if requests == 0 {
      // Its first request may be in flight, and is answered.
      clock.boundIdleTime(limits.drainGrace)
    } else if clock.isIdle(for: limits.drainGrace) {
      end()
    } else {
      leave()
    }
  }

  /// Asks the client to open no more streams; serves those that it opens before it learns of that.
  private func leave() {
    guard state == .open, let context else { return }
    state = .leaving
    announce(context)
    send(.ping(Self.farewell, ack: false))
    context.flush()
    context.eventLoop.assumeIsolated().scheduleTask(in: limits.drainGrace) { [weak self] in self?.lastCall() }
  }

  /// Sends a GOAWAY that refuses nothing yet, because any stream may still be opened.
  ///
  /// Bypasses NIO's handler, which accepts no new stream after any GOAWAY.
  private func announce(_ context: ChannelHandlerContext) {
    guard let network = try? context.pipeline.syncOperations.context(handler: clock) else { return }
    var frame = ByteBuffer()
    frame.writeMultipleIntegers(UInt16(0), UInt8(8), UInt8(7), UInt8(0), UInt32(0))  // length, type, flags, stream
    frame.writeMultipleIntegers(UInt32(Int32.max), UInt32(0))  // last stream, NO_ERROR
    network.write(NIOAny(frame), promise: nil)
  }

  private func lastCall() {
    if state == .leaving { end() }
  }

  /// Serves only the streams that exist, and closes after the last one.
  private func end() {
    state = .left
    send(.goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil))
    context?.flush()
    closeIfDone()
  }

  private func send(_ payload: HTTP2Frame.FramePayload) {
    context?.write(Self.wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: nil)
  }

  private func closeIfDone() {
    if state == .left && streams.isEmpty { context?.close(promise: nil) }
  }
}
