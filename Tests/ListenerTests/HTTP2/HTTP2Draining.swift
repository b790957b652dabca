import AgentProtocol
import NIOCore
import Testing

@testable import Listener

/// The end of an HTTP/2 connection: requests in transit are answered, and the client is told which ones were not processed.
struct HTTP2Draining {
  private static let anyStream = UInt32(Int32.max)

  /// Answers the PING that comes with the first GOAWAY.
  private func hear(_ conversation: HTTP2Conversation) throws {
    let ping = try #require(conversation.frames.last { $0.kind == .ping && $0.flags == 0 })
    conversation.send(.ping(ack: true, ping.payload))
  }

  @Test func anIdleConnectionIsClosed() throws {
    let conversation = try HTTP2Conversation()
    _ = conversation.exchange()
    conversation.advance(by: .seconds(10))
    conversation.tell(DrainRequested())
    #expect(conversation.farewells == [[1, 0]])
    #expect(!conversation.isOpen)
  }

  @Test func requestsOnTheirWayAreAnswered() throws {
    let conversation = try HTTP2Conversation()
    conversation.send(.request(1, "POST", "/v1/jobs/j1/cancel"))
    conversation.tell(DrainRequested())
    #expect(conversation.farewells == [[Self.anyStream, 0]])
    // Sent before the client has received it.
    #expect(conversation.exchange(.request(3))?.status == 200)
    try hear(conversation)
    #expect(conversation.farewells == [[Self.anyStream, 0], [3, 0]])
    #expect(conversation.isOpen)
    conversation.send(.request(5))
    #expect(conversation.answers[5]?.status == nil, "the client has been told that this one is not served")
    conversation.base.supervisor.answer(0, .job(try JobStatus.sample(), created: false))
    conversation.receive()
    #expect(conversation.answers[1]?.status == 200)
    #expect(!conversation.isOpen)
  }

  @Test func aClientThatDoesNotHearIsNotWaitedFor() throws {
    let conversation = try HTTP2Conversation()
    _ = conversation.exchange()
    conversation.tell(DrainRequested())
    #expect(conversation.isOpen)
    conversation.advance(by: .seconds(3))
    #expect(conversation.farewells.last == [1, 0])
    #expect(!conversation.isOpen)
  }

  @Test func aWaitEndsWithThePresentState() throws {
    let conversation = try HTTP2Conversation()
    conversation.send(.request(1, "GET", "/v1/jobs/j1?wait=600"))
    conversation.tell(DrainRequested())
    let id = try JSONValue.id("j1")
    #expect(conversation.base.supervisor.commands == [.showJob(id, wait: 600), .showJob(id, wait: 0)])
    conversation.base.supervisor.answer(1, .job(try JobStatus.sample("j1", .running), created: false))
    conversation.receive()
    #expect(conversation.answers[1]?.body.contains(#""state":"running""#) == true)
    try hear(conversation)
    #expect(!conversation.isOpen)
  }

  /// Its handshake was in progress when draining began.
  @Test func aNewConnectionGetsOneAnswer() throws {
    let conversation = try HTTP2Conversation(isDraining: true)
    #expect(conversation.farewells.isEmpty)
    #expect(conversation.exchange()?.status == 200)
    try hear(conversation)
    #expect(!conversation.isOpen)
    let silent = try HTTP2Conversation(isDraining: true)
    silent.advance(by: .seconds(3))
    #expect(!silent.isOpen)
  }

  @Test func aConnectionHasItsNumberOfRequests() throws {
    var limits = HTTPLimits()
    limits.requests = 3
    let conversation = try HTTP2Conversation(limits: limits)
    for stream: UInt32 in [1, 3] { #expect(conversation.exchange(.request(stream))?.status == 200) }
    #expect(conversation.farewells.isEmpty)
    #expect(conversation.exchange(.request(5))?.status == 200)
    #expect(conversation.farewells == [[Self.anyStream, 0]])
    try hear(conversation)
    #expect(conversation.farewells.last == [5, 0])
    #expect(!conversation.isOpen)
  }

  @Test func idleConnections() throws {
    let conversation = try HTTP2Conversation()
    conversation.advance(by: .seconds(299))
    #expect(conversation.exchange()?.status == 200)
    conversation.advance(by: .seconds(299))
    conversation.send(.ping())
    conversation.advance(by: .seconds(299))
    #expect(conversation.isOpen, "a client that says PING wants to keep it")
    conversation.advance(by: .seconds(2))
    #expect(conversation.farewells == [[1, 0]])
    #expect(!conversation.isOpen)
  }

  @Test func aStreamThatWaitsKeepsItsConnection() throws {
    let conversation = try HTTP2Conversation()
    conversation.send(.request(1, "GET", "/v1/jobs/j1?wait=600"))
    conversation.advance(by: .seconds(599))
    #expect(conversation.isOpen)
    conversation.base.supervisor.answer(0, .job(try JobStatus.sample(), created: false))
    conversation.receive()
    #expect(conversation.answers[1]?.status == 200)
  }
}
