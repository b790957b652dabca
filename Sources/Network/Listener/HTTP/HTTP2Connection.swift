import Logging
import NIOCore
import NIOHTTP2

/// One connection of HTTP/2, beside its streams: it bounds what no stream's own limits do, and takes its leave as RFC 9113
/// section 6.8 wants it, so that no request is lost that was on its way.
final class HTTP2Connection: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private enum State {
    case open
    /// The client has been told to open no more streams; until it has heard it, those that it opens are served.
    case leaving
    /// No more streams are served. The connection ends with the last one.
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
  /// Whether the listener is going: streams are told, and new ones begin with that.
  private(set) var isDraining: Bool

  /// - Parameters:
  ///   - clock: the connection's, which is idle while there is no stream.
  ///   - isDraining: whether the listener is going already.
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
    // Streams' frames go to the streams. One of the connection's own, as a PING, shows that the client wants to keep it.
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
    // What goes wrong with one stream of our making has been told to that stream. All else is the client's breach of the
    // protocol or of a limit, and NIO has sent the GOAWAY.
    if error is NIOHTTP2Errors.StreamError { return }
    log.debug("HTTP/2 connection failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }
}

// Streams.
extension HTTP2Connection {
  /// A stream has been opened, with which the connection's idle time is over.
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

// Ends.
extension HTTP2Connection {
  /// What the PING says that comes back when the client has heard that we leave.
  private static let farewell = HTTP2PingData(withInteger: 0x6167_656E_7464_2E2E)

  private func drain() {
    if isDraining { return }
    isDraining = true
    tellStreams(DrainRequested())
    if requests == 0 {
      // Its first request may be on its way, and is answered.
      clock.boundIdleTime(limits.drainGrace)
    } else if clock.isIdle(for: limits.drainGrace) {
      end()
    } else {
      leave()
    }
  }

  /// Asks the client to open no more streams, and serves those that it opens until it has heard that.
  private func leave() {
    guard state == .open, let context else { return }
    state = .leaving
    announce(context)
    send(.ping(Self.farewell, ack: false))
    context.flush()
    context.eventLoop.assumeIsolated().scheduleTask(in: limits.drainGrace) { [weak self] in self?.lastCall() }
  }

  /// A GOAWAY that refuses nothing yet, for any stream may still be opened. It is written past NIO's handler, which after a
  /// GOAWAY takes no new stream whatever it said.
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

  /// Serves no more streams than there are, and closes after the last one.
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
