import AgentProtocol
import NIOCore
import Testing

@testable import Listener

/// What an HTTP/2 client must not do, and the result. Each time, another connection is still served.
struct HTTP2Limits {
  private static let calm: UInt32 = 11  // ENHANCE_YOUR_CALM

  /// A flood that ends the connection, with the frames of which it consists.
  struct Flood: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let first: [Frame]
    let frames: @Sendable (UInt32) -> [Frame]
    var count: UInt32 = 201

    static let all = [
      // CVE-2023-44487
      Flood(testDescription: "rapid reset", first: []) { [.request(2 * $0 + 1), .reset(2 * $0 + 1)] },
      // CVE-2024-27316
      Flood(
        testDescription: "CONTINUATION", first: [Frame(kind: .headers, stream: 1, payload: [])],
        frames: { _ in [Frame(kind: .continuation, stream: 1, payload: [])] }, count: 6),
      // CVE-2019-9512
      Flood(testDescription: "PING", first: []) { _ in [.ping()] },
      // CVE-2019-9515
      Flood(testDescription: "SETTINGS", first: []) { _ in [Frame(kind: .settings)] },
      Flood(testDescription: "PRIORITY", first: [.request(1)]) { _ in
        [Frame(kind: .priority, stream: 1, payload: [0, 0, 0, 0, 1])]
      },
      // CVE-2019-9518
      Flood(
        testDescription: "empty DATA", first: [.request(1, "PUT", "/v1/jobs/j1", end: false)],
        frames: { _ in [.data(1, "", end: false)] }, count: 2),
    ]
  }

  @Test(arguments: Flood.all) func floodsEndTheConnection(_ flood: Flood) throws {
    let conversation = try HTTP2Conversation()
    conversation.send(flood.first)
    var sent: UInt32 = 0
    while conversation.isOpen && sent < 10 * flood.count {
      conversation.send(flood.frames(sent))
      sent += 1
    }
    #expect(conversation.farewells.last?[1] == Self.calm, "\(conversation.farewells) after \(sent)")
    // The client's own SETTINGS count as well.
    #expect((flood.count - 2...flood.count + 1).contains(sent), "\(sent)")
    #expect(!conversation.isOpen)
    #expect(try HTTP2Conversation().exchange()?.status == 200)
  }

  @Test func moreStreamsThanAllowed() throws {
    var limits = HTTPLimits()
    limits.streams = 2
    let conversation = try HTTP2Conversation(limits: limits)
    conversation.send(.request(1, "GET", "/v1/jobs/j1"), .request(3, "GET", "/v1/jobs/j2"))
    #expect(conversation.isOpen)
    conversation.send(.request(5))
    #expect(!conversation.isOpen)
    #expect(conversation.base.supervisor.abandoned.sorted() == [0, 1])
  }

  @Test func theLimitsAreAnnounced() throws {
    let settings = try #require(try HTTP2Conversation().frames.first { $0.kind == .settings })
    // SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE: RFC 9113 section 6.5.2.
    #expect(settings.payload == [0, 3, 0, 0, 0, 100, 0, 6, 0, 0, 64, 0])
  }

  /// RFC 9113 section 10.5.1: the limit of the whole head, whatever the field names.
  @Test func headsThatAreTooLarge() throws {
    let conversation = try HTTP2Conversation()
    let fields = (0..<17).map { ("x-\($0)", String(repeating: "x", count: 1000)) }
    let frame = Frame.request(1, "GET", "/v1/agent", fields)
    let (first, second) = (Array(frame.payload.prefix(16000)), Array(frame.payload.dropFirst(16000)))
    conversation.send(
      Frame(kind: .headers, flags: Frame.endStream, stream: 1, payload: first),
      Frame(kind: .continuation, flags: Frame.endHeaders, stream: 1, payload: second))
    #expect(conversation.answers[1]?.status == nil)
    #expect(!conversation.isOpen)
  }

  @Test func tooManyFields() throws {
    let conversation = try HTTP2Conversation()
    let fields = (0..<100).map { ("x-\($0)", "") }
    #expect(conversation.exchange(.request(1, "GET", "/v1/agent", fields))?.status == 431)
    #expect(conversation.exchange(.request(3, "GET", "/v1/agent", Array(fields.dropLast())))?.status == 200)
  }

  @Test(arguments: [true, false]) func bodiesThatAreTooLarge(_ announced: Bool) throws {
    var limits = HTTPLimits()
    limits.bodyBytes = 1000
    let conversation = try HTTP2Conversation(limits: limits)
    conversation.send(.request(1, "PUT", "/v1/jobs/j1", announced ? [("content-length", "1001")] : [], end: false))
    if !announced { conversation.send(.data(1, String(repeating: "x", count: 1001), end: false)) }
    #expect(conversation.answers[1]?.status == 413)
    #expect(conversation.answers[1]?.isComplete == true)
    conversation.advance(by: .seconds(3))
    #expect(conversation.answers[1]?.reset == 8, "the rest is not waited for")
    #expect(conversation.exchange(.request(3))?.status == 200)
  }

  @Test func bodiesThatDoNotCome() throws {
    let conversation = try HTTP2Conversation()
    conversation.send(.request(1, "PUT", "/v1/jobs/j1", end: false))
    for _ in 0..<59 {
      conversation.advance(by: .seconds(1))
      conversation.send(.data(1, "{", end: false))
    }
    #expect(conversation.answers[1]?.reset == nil)
    conversation.advance(by: .seconds(2))
    #expect(conversation.answers[1]?.reset == 8)
    #expect(conversation.exchange(.request(3))?.status == 200)
  }

  @Test func headsThatDoNotEnd() throws {
    let conversation = try HTTP2Conversation()
    conversation.send(Frame(kind: .headers, flags: Frame.endStream, stream: 1, payload: [0x82]))
    conversation.advance(by: .seconds(301))
    #expect(!conversation.isOpen)
  }

  /// What a proxy might interpret differently: RFC 9113 sections 8.2 and 8.3.
  @Test(
    arguments: [
      ("an uppercase name", [("X-A", "1")]), ("connection", [("connection", "close")]),
      ("transfer-encoding", [("transfer-encoding", "chunked")]), ("two lengths", [("content-length", "1, 2")]),
      ("a pseudo field behind", [("x", "1"), (":path", "/v1/jobs")]), ("a line break", [("x", "a\r\nb: c")]),
      ("two hosts", [("host", "a"), ("host", "b")]),
    ] as [(String, [(String, String)])])
  func malformedHeads(_ name: String, _ fields: [(String, String)]) throws {
    let conversation = try HTTP2Conversation()
    let answer = conversation.exchange(.request(1, "GET", "/v1/agent", fields))
    #expect(answer?.status == nil || answer?.status == 400, "\(name): \(String(describing: answer))")
    #expect(conversation.base.supervisor.commands.isEmpty)
    #expect(try HTTP2Conversation().exchange()?.status == 200)
  }

  @Test(arguments: ["GET /v1/agent HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", "\0\0\0\0\0"])
  func whatIsNoHTTP2(_ bytes: String) throws {
    let conversation = try Conversation(ScriptedSupervisor(), .http2)
    conversation.send(bytes)
    let received = conversation.received()
    #expect(!received.contains("HTTP/1.1"))
    if bytes.utf8.count > 20 { #expect(!conversation.isOpen) }
    conversation.loop.advanceTime(by: .seconds(301))
    #expect(!conversation.isOpen)
  }
}
