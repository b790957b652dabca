import AgentProtocol
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import SupervisorLink

/// Tells a connection that the listener is draining: it finishes its current work and closes.
struct DrainRequested: Sendable {}

/// Answers the requests of one connection (in HTTP/2, of one stream) in order, on behalf of one client.
final class RequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// The state of the current request.
  enum State {
    /// There is no request.
    case idle
    /// Its body is being received.
    case receiving(Request, RequestBody)
    /// No more of its body is read until the supervisor has said whether the client may submit jobs.
    case awaitingPermission(PermissionQuestion)
    /// It is refused; the refusal is sent when the request ends.
    case refusing(RequestRefusal, AnswerForm)
    /// The supervisor has been asked.
    case asking(Question)
    /// Output is being sent.
    case sending(OutputTransfer)
    /// Events are being sent.
    case watching(EventStream)
    /// It was refused before its end; the rest is discarded.
    case lingering
    /// The connection has ended.
    case closed
  }

  /// A question to the supervisor, and the purpose of its answer.
  struct Question {
    var inquiry: Inquiry
    var command: JobCommand
    var form: AnswerForm
    /// The requested part of the output, if any.
    var output: Request.OutputPart?
    /// Whether the answer starts an event stream.
    var isForEvents = false
  }

  let services: Services
  let loopServices: LoopServices
  let client: VerifiedClient
  let clock: RequestClock
  private let standing: ClientStanding
  var context: ChannelHandlerContext?
  var state = State.idle
  var isDraining: Bool
  private var inputIsClosed = false
  /// True while the end of an answer is written: requests that waited in the pipeline are delivered inside that write.
  private var isFinishing = false
  var isPumpScheduled = false
  private var requests = 0

  /// - Parameters:
  ///   - standing: what is known about the client, shared by the requests of one connection.
  ///   - isDraining: whether the listener is already draining: the connection is closed after its first answer.
  init(
    _ services: Services, _ loopServices: LoopServices, _ client: VerifiedClient, _ clock: RequestClock,
    _ standing: ClientStanding, isDraining: Bool = false
  ) {
    self.services = services
    self.loopServices = loopServices
    self.client = client
    self.clock = clock
    self.standing = standing
    self.isDraining = isDraining
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if isDraining { clock.boundIdleTime(services.limits.drainGrace) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    letGo()
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    letGo()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head): began(head)
    case .body(let bytes): received(bytes)
    case .end: ended()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      pump()
      nextEvents()
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is RequestClock.Expired: expired()
    case is DrainRequested: drain()
    case ChannelEvent.inputClosed: inputClosed()
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch (error, state) {
    case (is HTTPParserError, .lingering), (is HTTPParserError, .closed), (is ByteToMessageDecoderError, _):
      // Everything after a fault is discarded.
      break
    case (let error as HTTPParserError, _):
      refuseAtOnce(RequestRefusal(error), nil)
    default:
      services.log.debug("connection failed", metadata: ["client": "\(client.subject)", "error": "\(error)"])
      close()
    }
  }
}

// The stages of a request.
extension RequestHandler {
  private func began(_ head: HTTPRequestHead) {
    guard case .idle = state else { return }
    requests += 1
    do {
      let request = try Request(head, limits: services.limits)
      if request.bringsJob, services.clientsAreRuled, !standing.maySubmit {
        askPermission(for: request)
      } else {
        receive(request)
      }
    } catch {
      if HeadRules.announcedBody(head) == .none {
        state = .refusing(error, AnswerForm(head))
      } else {
        refuseAtOnce(error, AnswerForm(head))
      }
    }
  }

  private func receive(_ request: Request, _ body: RequestBody = RequestBody()) {
    if request.expectsContinue {
      let head = HTTPResponseHead(version: request.form.version, status: .continue)
      context?.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
    }
    state = .receiving(request, body)
    clock.enter(.body)
  }

  private func received(_ bytes: ByteBuffer) {
    switch state {
    case .receiving(let request, var body):
      state = .idle  // so that the buffer has only one owner
      do {
        try add(bytes, to: &body)
        state = .receiving(request, body)
      } catch { refuseAtOnce(error, request.form) }
    case .awaitingPermission(let question):
      do { try add(bytes, to: &question.body) } catch {
        state = .idle
        services.supervisor.abandon(question.inquiry)
        pauseReading(false)
        refuseAtOnce(error, question.request.form)
      }
    default: break
    }
  }

  private func add(_ bytes: ByteBuffer, to body: inout RequestBody) throws(RequestRefusal) {
    try body.append(bytes, limits: services.limits) { amount throws(RequestRefusal) in
      try services.allowances.take(.bodyBytes, amount, for: client)
    }
  }

  /// Asks whether the client may submit jobs at all; the body is not read meanwhile.
  private func askPermission(for request: Request) {
    guard let loop = context?.eventLoop else { return }
    pauseReading(true)
    let inquiry = services.supervisor.ask(.permitSubmit, for: client, on: loop)
    state = .awaitingPermission(PermissionQuestion(request, inquiry))
    clock.enter(.other(within: services.limits.answerTime))
    inquiry.answer.assumeIsolated().whenComplete { self.permitted(inquiry.number, $0) }
  }

  private func permitted(_ number: UInt64, _ result: Result<Answered, any Error>) {
    guard case .awaitingPermission(let question) = state, question.inquiry.number == number else { return }
    pauseReading(false)
    do throws(RequestRefusal) {
      if case .problem(let problem) = try result.asAnswer().answer { throw RequestRefusal(problem) }
    } catch {
      if question.hasEnded { return send(Reply(error), question.request.form) }
      return refuseAtOnce(error, question.request.form)
    }
    standing.maySubmit = true
    receive(question.request, question.body)
    if question.hasEnded { ended() }
  }

  private func pauseReading(_ paused: Bool) {
    try? context?.channel.syncOptions?.setOption(.autoRead, value: !paused)
    if !paused { context?.channel.read() }
  }

  private func ended() {
    switch state {
    case .receiving where isFinishing, .refusing where isFinishing:
      // Pipelined requests are answered in separate turns of the event loop, so that their number does not determine the stack depth.
      context?.eventLoop.assumeIsolated().execute { self.ended() }
    case .receiving(let request, let body): perform(request, body.bytes)
    case .awaitingPermission(let question): question.hasEnded = true
    case .refusing(let refusal, let form): send(Reply(refusal), form)
    case .lingering: close()
    case .idle, .asking, .sending, .watching, .closed: break
    }
  }

  private func perform(_ request: Request, _ body: ByteBuffer) {
    switch request.work {
    case .showAgent where services.clientsAreRuled: ask(.showAgent, request.form)
    case .showAgent: sendAgent(request.form)
    case .ask(let command, let wait):
      ask(command, request.form, wait: wait)
    case .submit(let id, let trace):
      do {
        ask(.submitJob(id, try JobRequest(json: body), trace: trace), request.form)
      } catch { send(Reply(error), request.form) }
    case .readOutput(let id, let stream, let part):
      var follow = false
      if case .follow = part { follow = true }
      ask(.openOutput(id, stream: stream, follow: follow), request.form, output: part)
    case .watchEvents(let position):
      ask(.nextEvents(after: position, wait: 0), request.form, isForEvents: true)
    }
  }

  private func sendAgent(_ form: AnswerForm) {
    var document = ByteBufferAllocator().buffer(capacity: 512)
    services.agent.write(to: &document, at: loopServices.clock.timestamp())
    send(Reply(.ok, json: document), form)
  }

  func ask(
    _ command: JobCommand, _ form: AnswerForm, wait: Double = 0, output: Request.OutputPart? = nil,
    isForEvents: Bool = false
  ) {
    guard let loop = context?.eventLoop else { return }
    let inquiry = services.supervisor.ask(command, for: client, on: loop)
    state = .asking(
      Question(inquiry: inquiry, command: command, form: form, output: output, isForEvents: isForEvents))
    clock.enter(.other(within: services.limits.answerTime + .milliseconds(Int64(wait * 1000))))
    inquiry.answer.assumeIsolated().whenComplete { self.answered(inquiry.number, $0) }
  }

  private func answered(_ number: UInt64, _ result: Result<Answered, any Error>) {
    guard case .asking(let question) = state, question.inquiry.number == number else { return }
    do throws(RequestRefusal) {
      let answered = try result.asAnswer()
      if let part = question.output {
        try startTransfer(answered, part, question)
      } else if case (.showAgent, .permitted) = (question.command, answered.answer) {
        sendAgent(question.form)
      } else if question.isForEvents {
        try startEvents(answered, question.form)
      } else {
        send(try Reply(answered.answer, services.metrics), question.form)
      }
    } catch {
      send(Reply(error), question.form)
    }
  }
}

// Answers.
extension RequestHandler {
  /// Sends a complete answer to a request that has been received completely.
  func send(_ reply: Reply, _ form: AnswerForm) {
    var fields = reply.fields
    if reply.status != .noContent {
      fields.append(("Content-Type", reply.contentType))
      fields.append(("Content-Length", String(reply.body.readableBytes)))
    }
    writeHead(reply.status, fields, form)
    if !form.isHead && reply.body.readableBytes > 0 {
      context?.write(Self.wrapOutboundOut(.body(.byteBuffer(reply.body))), promise: nil)
    }
    finish(form)
  }

  func writeHead(_ status: HTTPResponseStatus, _ fields: [(String, String)], _ form: AnswerForm) {
    services.metrics.answered(form.operation, status: Int(status.code))
    var headers = HTTPHeaders()
    headers.reserveCapacity(fields.count + 3)
    headers.add(name: "Date", value: loopServices.clock.httpDate())
    headers.add(name: "Cache-Control", value: "no-store")
    for (name, value) in fields { headers.add(name: name, value: value) }
    if closes(after: form) { headers.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(version: form.version, status: status, headers: headers)
    context?.write(Self.wrapOutboundOut(.head(head)), promise: nil)
  }

  /// Ends an answer; the connection is then ready for the next request, or closes.
  func finish(_ form: AnswerForm) {
    guard let context else { return }
    if closes(after: form) {
      state = .closed
      let written = context.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenComplete { _ in self.context?.close(promise: nil) }
      context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
      return
    }
    state = .idle
    clock.enter(.idle)
    isFinishing = true
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    isFinishing = false
  }

  /// Refuses a request that is still being received.
  private func refuseAtOnce(_ refusal: RequestRefusal, _ form: AnswerForm?) {
    if case .asking = state { return close() }
    if case .sending = state { return close() }
    if case .watching = state { return close() }
    var form = form ?? AnswerForm(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"))
    form.keepAlive = false
    let reply = Reply(refusal)
    state = .lingering
    clock.enter(.other(within: services.limits.lingerTime))
    let fields = [("Content-Type", reply.contentType), ("Content-Length", String(reply.body.readableBytes))]
    writeHead(reply.status, reply.fields + fields, form)
    if !form.isHead { context?.write(Self.wrapOutboundOut(.body(.byteBuffer(reply.body))), promise: nil) }
    context?.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
  }

  private func closes(after form: AnswerForm) -> Bool {
    !form.keepAlive || isDraining || inputIsClosed || requests >= services.limits.requests
  }
}

// Closing.
extension RequestHandler {
  private func expired() {
    switch state {
    case .asking(let question):
      state = .idle
      services.supervisor.abandon(question.inquiry)
      send(Reply(RequestRefusal(.unavailable, "the supervisor did not answer in time")), question.form)
    case .awaitingPermission(let question):
      // No answer to this question is awaited any longer, whatever is asked next.
      state = .idle
      services.supervisor.abandon(question.inquiry)
      pauseReading(false)
      refuseAtOnce(RequestRefusal(.unavailable, "the supervisor did not answer in time"), question.request.form)
    case .idle, .receiving, .refusing, .sending, .watching, .lingering, .closed:
      close()
    }
  }

  private func drain() {
    if isDraining { return }
    isDraining = true
    switch state {
    case .idle where clock.isIdle(for: services.limits.drainGrace):
      close()
    case .idle:
      clock.boundIdleTime(services.limits.drainGrace)
    case .asking(let question):
      // A wait ends early, with the current state.
      guard case .showJob(let id, let wait) = question.command, wait > 0 else { return }
      ask(.showJob(id, wait: 0), question.form)
      services.supervisor.abandon(question.inquiry)
    case .watching:
      close()
    case .sending(let transfer) where transfer.isFollowing:
      // Cut off, so that the client does not take what was sent for the whole output.
      close()
    case .receiving, .awaitingPermission, .refusing, .sending, .lingering, .closed:
      break
    }
  }

  private func inputClosed() {
    inputIsClosed = true
    switch state {
    case .idle, .receiving, .awaitingPermission, .refusing, .lingering: close()
    case .asking, .sending, .watching, .closed: break
    }
  }

  func close() {
    letGo()
    context?.close(promise: nil)
  }

  /// Releases what is held for the current request. An abandoned inquiry fails immediately, so the state is changed first.
  private func letGo() {
    let last = state
    state = .closed
    switch last {
    case .asking(let question): services.supervisor.abandon(question.inquiry)
    case .awaitingPermission(let question): services.supervisor.abandon(question.inquiry)
    case .sending(let transfer): letGo(of: transfer)
    case .watching(let stream): if let inquiry = stream.inquiry { services.supervisor.abandon(inquiry) }
    case .idle, .receiving, .refusing, .lingering, .closed: break
    }
  }
}
