import NIOCore
import NIOHTTP1
import NIOOpenSSL

/// The end of a connection's pipeline: hands out the parts of answers one by one, on request.
///
/// It reads only what is requested, so that a server cannot fill the client's memory.
final class AnswerReader: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let peer: ServerAddress
  private var parts: [HTTPClientResponsePart] = []
  private var waiter: EventLoopPromise<HTTPClientResponsePart>?
  private var failure: HTTPSError?
  private var deadline: Scheduled<Void>?
  private weak var channel: (any Channel)?
  /// Succeeds when the handshake completes, fails if it does not.
  private var opened: EventLoopPromise<Void>?

  init(_ peer: ServerAddress, opened: EventLoopPromise<Void>) {
    self.peer = peer
    self.opened = opened
  }

  func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

  /// Fulfils `promise` with the next part; fails it with `HTTPSError`. Only one caller may wait at a time.
  func next(within time: TimeAmount, _ promise: EventLoopPromise<HTTPClientResponsePart>) {
    if !parts.isEmpty { return promise.succeed(parts.removeFirst()) }
    if let failure { return promise.fail(failure) }
    guard let channel, waiter == nil else { return promise.fail(error(.unusable, "two readers of one answer")) }
    waiter = promise
    let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
    deadline = channel.eventLoop.scheduleTask(in: time) {
      bound.value.end(bound.value.error(.unreachable, "does not answer"))
    }
    channel.read()
  }

  /// Fails everything that waits, and closes the connection.
  func end(_ error: HTTPSError) {
    if failure == nil { failure = error }
    deadline?.cancel()
    let (waiter, opened) = (waiter, opened)
    self.waiter = nil
    self.opened = nil
    waiter?.fail(error)
    opened?.fail(error)
    channel?.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ServerHandshakeCompleted else { return context.fireUserInboundEventTriggered(event) }
    opened?.succeed()
    opened = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = Self.unwrapInboundIn(data)
    guard let waiter else { return parts.append(part) }
    self.waiter = nil
    deadline?.cancel()
    waiter.succeed(part)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if waiter != nil { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(HTTPSError(connected: error, to: peer))
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(error(.unreachable, "closed the connection"))
    context.fireChannelInactive()
  }

  private func error(_ kind: HTTPSError.Kind, _ reason: String) -> HTTPSError { HTTPSError(kind, peer, reason) }
}
