import ConnectionSource
import EnrolmentProtocol
import Logging
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import OpenSSL

/// Answers the single request of a connection.
final class EnrolmentHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// The maximum size of a body in bytes: a certificate request has about 600, with RSA 4096 two thousand.
  static let maximumBody = 32768

  private enum State {
    case handshaking
    case awaitingHead
    case body(HTTPRequestHead, ByteBuffer)
    case answered
  }

  private let service: EnrolmentService
  private var state = State.handshaking
  private var client: Certificate?
  private var peer: SocketAddress?
  private var resource = "none"

  init(_ service: EnrolmentService) {
    self.service = service
  }

  func handlerAdded(context: ChannelHandlerContext) { peer = context.remoteAddress }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case let handshake as TLSHandshakeCompleted:
      client = handshake.clientCertificate
      state = .awaitingHead
    case is AnonymousHandshakeCompleted: state = .awaitingHead
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), state) {
    case (.head(let head), .awaitingHead):
      if let answer = early(head) { return reply(answer, context) }
      state = .body(head, ByteBuffer())
      if head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
        context.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
      }
    case (.body(let part), .body(let head, var body)):
      guard body.readableBytes + part.readableBytes <= Self.maximumBody else { return reply(.tooLarge, context) }
      body.writeImmutableBuffer(part)
      state = .body(head, body)
    case (.end, .body(let head, let body)):
      state = .answered
      carryOut(head, Array(body.readableBytesView), context)
    default: break  // ignored after an answer
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch (error, state) {
    case (let failure as HandshakeFailure, _):
      // Scanners and health checks are of no interest.
      if failure != .closed(wasSilent: true) {
        service.counts.refusedConnection()
        service.refused(peer, "\(failure)")
      }
      context.close(promise: nil)
    case (is HTTPParserError, .awaitingHead), (is HTTPParserError, .body),
      (is ByteToMessageDecoderError, .awaitingHead):
      reply(EnrolmentReply(.badRequest, "this is not a valid HTTP/1.1 request"), context)
    default: context.close(promise: nil)
    }
  }

  /// Returns an answer that needs no body, if there is one.
  private func early(_ head: HTTPRequestHead) -> EnrolmentReply? {
    guard service.limits.withLock({ $0.mayAsk(Source(peer)) }) else { return .tooMany }
    if RevocationListResource.root(in: head.uri) != nil {
      if head.method == .GET { return nil }
      return EnrolmentReply(.methodNotAllowed, "a list can only be read", [("Allow", "GET")])
    }
    if head.uri == EnrolmentReply.metricsPath {
      if head.method == .GET { return nil }
      return EnrolmentReply(.methodNotAllowed, "metrics can only be read", [("Allow", "GET")])
    }
    guard let operation = EnrolmentOperation.allCases.first(where: { $0.path == head.uri }) else {
      return EnrolmentReply(
        .notFound,
        "there is no such resource; there are \(EnrolmentOperation.allCases.map(\.path).joined(separator: ", "))")
    }
    guard head.method.rawValue == operation.method else {
      return EnrolmentReply(
        .methodNotAllowed, "\(operation.path) accepts only \(operation.method)", [("Allow", operation.method)])
    }
    if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > Self.maximumBody {
      return .tooLarge
    }
    return operation == .cacerts ? nil : refusalOfType(head)
  }

  private func refusalOfType(_ head: HTTPRequestHead) -> EnrolmentReply? {
    let type = head.headers.first(name: "content-type")?.prefix { $0 != ";" && $0 != " " }.lowercased()
    if type == EnrolmentOperation.requestType { return nil }
    return EnrolmentReply(
      .unsupportedMediaType, "the body must be \(EnrolmentOperation.requestType): a PKCS#10 request in base64")
  }

  /// Asks the authority on another thread.
  private func carryOut(_ head: HTTPRequestHead, _ body: [UInt8], _ context: ChannelHandlerContext) {
    resource = EnrolmentReply.resource(head.uri)
    let (service, client) = (service, client)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    service.threads.runIfActive(eventLoop: context.eventLoop) {
      EnrolmentReply.to(head, body, client, service.authority, service.counts)
    }.whenComplete { result in
      let (handler, context) = bound.value
      let reply = (try? result.get()) ?? EnrolmentReply(.internalServerError, "the service is stopping")
      handler.reply(reply, context)
    }
  }

  private func reply(_ reply: EnrolmentReply, _ context: ChannelHandlerContext) {
    state = .answered
    service.counts.answered(resource, status: reply.status.code)
    if reply.isWrongCode { service.limits.withLock { $0.wrongCode(Source(peer)) } }
    note(reply)
    var headers = HTTPHeaders(reply.headers)
    if reply.status != .notModified { headers.add(name: "Content-Length", value: String(reply.body.count)) }
    headers.add(name: "Connection", value: "close")
    let head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.close(promise: nil)
  }

  private func note(_ reply: EnrolmentReply) {
    // Every agent asks every few minutes.
    if reply.status == .notModified || resource == "metrics" && reply.status == .ok { return }
    var facts = reply.facts
    if let client { facts["client"] = "\(client.subject)" }
    if reply.status == .ok {
      service.log.notice("\(reply.summary)", metadata: facts.merging(["peer": "\(Source.text(peer))"]) { $1 })
    } else {
      service.refused(peer, reply.summary, facts.merging(["status": .stringConvertible(reply.status.code)]) { $1 })
    }
  }
}
