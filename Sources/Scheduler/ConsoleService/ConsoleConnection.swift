import NIOCore
import NIOHTTP1
import Wording

/// A connection of a browser: one request after another.
struct ConsoleConnection: Sendable {
  typealias Requests = NIOAsyncChannelInboundStream<HTTPServerRequestPart>
  typealias Answers = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

  /// The maximum time for the first request, which may be that of a stranger, and between requests of a page.
  private static let strangersTime = TimeAmount.seconds(10)
  private static let idleTime = TimeAmount.seconds(75)
  /// The maximum time for an answer.
  private static let answerTime = TimeAmount.seconds(120)

  let channel: any Channel
  let gate: ConsoleGate
  let api: ConsoleAPI

  /// Answers requests until one side closes the connection.
  func serve(_ requests: Requests, _ answers: Answers) async throws {
    var parts = requests.makeAsyncIterator()
    var time = Self.strangersTime
    while let (head, isComplete) = try await within(time, { try await Self.next(&parts) }) {
      let (reply, isAdmitted) = isComplete ? await reply(to: head) : (ConsoleReply(.payloadTooLarge, "too long"), false)
      let keeps = head.isKeepAlive && isAdmitted
      try await within(Self.answerTime) { try await Answer(reply, keeps: keeps, answers).send() }
      guard keeps else { break }
      time = Self.idleTime
    }
  }

  /// Returns the head of the next request after its body, which is not looked at; nil at the end.
  private static func next(_ parts: inout Requests.AsyncIterator) async throws -> (HTTPRequestHead, Bool)? {
    guard case .head(let head)? = try await parts.next() else { return nil }
    var room = ConsoleRequest.maximumBody
    while let part = try await parts.next() {
      guard case .body(let bytes) = part else { return (head, true) }
      room -= bytes.readableBytes
      if room < 0 { return (head, false) }
    }
    return nil
  }

  /// Closes the connection if `body` takes longer.
  private func within<Value>(_ time: TimeAmount, _ body: () async throws -> Value) async throws -> Value {
    let deadline = channel.eventLoop.scheduleTask(in: time) { [channel] in channel.close(promise: nil) }
    defer { deadline.cancel() }
    return try await body()
  }

  /// - Returns: also whether the sender has entered.
  private func reply(to head: HTTPRequestHead) async -> (ConsoleReply, isAdmitted: Bool) {
    guard let request = ConsoleRequest(head) else { return (ConsoleReply(.badRequest, "not a valid path"), false) }
    if let strangeness = request.strangeness { return (ConsoleReply(.forbidden, page: strangeness), false) }
    if request.path.count == 1, request.path[0].isSame(as: "enter") { return (enter(request), false) }
    guard gate.admits(request.headers["cookie"]) else {
      let reason = "open the link that agentctl console prints; press Enter there for another one"
      let isPage = request.path.isEmpty
      return (isPage ? ConsoleReply(.unauthorized, page: reason) : ConsoleReply(.unauthorized, reason), false)
    }
    return (await api.answer(request), true)
  }

  private func enter(_ request: ConsoleRequest) -> ConsoleReply {
    guard request.method == .GET, let secret = request.query["link"].flatMap({ gate.enter($0) }) else {
      return ConsoleReply(
        .forbidden,
        page: "this link has been used or has expired; press Enter where agentctl console runs for another one")
    }
    // Not a redirection: where the link was on another site, the browser would keep the cookie back from it.
    let page = "<!doctype html><title>agentd</title><meta http-equiv=\"refresh\" content=\"0;url=/\">\n"
    return ConsoleReply(
      .whole(Array(page.utf8)), type: "text/html; charset=utf-8",
      headers: [("Set-Cookie", "\(gate.cookieName)=\(secret); Path=/; HttpOnly; SameSite=Strict")])
  }
}

/// An answer that is being sent.
private actor Answer {
  private let reply: ConsoleReply
  private let keeps: Bool
  private let answers: ConsoleConnection.Answers
  private var hasBegun = false

  init(_ reply: ConsoleReply, keeps: Bool, _ answers: ConsoleConnection.Answers) {
    self.reply = reply
    self.keeps = keeps
    self.answers = answers
  }

  func send() async throws {
    switch reply.body {
    case .whole(let bytes): try await send(reply, bytes)
    case .stream(let body):
      do { try await body { try await self.write($0) } } catch  where !hasBegun {
        return try await send(ConsoleAPI.refusal(for: error), nil)
      }
      if !hasBegun { try await write([]) }
      try await answers.write(.end(nil))
    }
  }

  private func send(_ reply: ConsoleReply, _ bytes: [UInt8]?) async throws {
    var body = bytes
    if body == nil, case .whole(let own) = reply.body { body = own }
    try await answers.write(.head(head(reply, length: body?.count ?? 0)))
    try await answers.write(.body(.byteBuffer(ByteBuffer(bytes: body ?? []))))
    try await answers.write(.end(nil))
  }

  private func write(_ bytes: [UInt8]) async throws {
    if !hasBegun {
      hasBegun = true
      try await answers.write(.head(head(reply, length: nil)))
    }
    if !bytes.isEmpty { try await answers.write(.body(.byteBuffer(ByteBuffer(bytes: bytes)))) }
  }

  private func head(_ reply: ConsoleReply, length: Int?) -> HTTPResponseHead {
    var headers = HTTPHeaders(ConsoleReply.fixedHeaders + reply.headers + [("Content-Type", reply.type)])
    if let length { headers.add(name: "Content-Length", value: "\(length)") }
    if !keeps { headers.add(name: "Connection", value: "close") }
    return HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
  }
}
