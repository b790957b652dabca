import NIOCore
import NIOHTTP1
import NIOOpenSSL
import OpenSSL

/// The end of a connection's pipeline: hands out the parts of answers one by one, as they are asked for. What nobody asks for
/// is not read, so that an agent cannot fill the client's memory.
final class AnswerReader: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private var parts: [HTTPClientResponsePart] = []
  private var waiter: EventLoopPromise<HTTPClientResponsePart>?
  private var failure: AgentError?
  private var deadline: Scheduled<Void>?
  private weak var channel: (any Channel)?
  /// Done when the handshake is over, failed when there is none.
  private var opened: EventLoopPromise<Void>?

  init(opened: EventLoopPromise<Void>) {
    self.opened = opened
  }

  func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

  /// The next part; fails with `AgentError`. To be called by one at a time.
  func next(within time: TimeAmount, _ promise: EventLoopPromise<HTTPClientResponsePart>) {
    if !parts.isEmpty { return promise.succeed(parts.removeFirst()) }
    if let failure { return promise.fail(failure) }
    guard let channel, waiter == nil else { return promise.fail(AgentError.unusable("two readers of one answer")) }
    waiter = promise
    let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
    deadline = channel.eventLoop.scheduleTask(in: time) { bound.value.end(.unreachable("the agent does not answer")) }
    channel.read()
  }

  /// Gives the connection up.
  func end(_ error: AgentError) {
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
    switch error {
    case let error as ServerHandshakeFailure: end(AgentError(error))
    case HTTPParserError.invalidEOFState: end(.unreachable("the agent closed the connection in the midst of an answer"))
    case is HTTPParserError, is ByteToMessageDecoderError: end(.misconfigured("the answer is no HTTP: \(error)"))
    default: end(.unreachable("\(error)"))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(.unreachable("the agent closed the connection"))
    context.fireChannelInactive()
  }
}

extension AgentError {
  init(_ failure: ServerHandshakeFailure) {
    switch failure {
    case .serverRefused: self = .untrusted("\(failure)")
    case .clientRefused: self = .unauthenticated("\(failure)")
    case .serverFault: self = .unreachable("\(failure)")
    case .notTLS: self = .misconfigured("\(failure)")
    }
  }
}
