import AgentProtocol
import NIOCore
import NIOEmbedded
import SupervisorLink
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Listener

/// Every global limit is preceded by a limit for each client: a client that takes all it can get leaves something for others.
struct OneClientLeavesRoomForOthers {
  private static let limits = {
    var limits = HTTPLimits()
    limits.eventStreams = 4
    limits.followers = 4
    limits.unfinishedBodyBytes = 400
    return limits
  }()
  static let other = VerifiedClient(ClientIdentity(subject: "CN=other", thumbprint: Thumbprint(repeating: "cd")))
  /// Another certificate of the same client.
  static let again = VerifiedClient(
    ClientIdentity(subject: Conversation.client.subject, thumbprint: Thumbprint(repeating: "ef")))

  @Test func aClientGetsNoMoreThanItLeavesFree() {
    var shares = ClientShares<String>(total: 100)
    func most(_ client: String) -> Int {
      var taken = 0
      while shares.take(for: client) { taken += 1 }
      return taken
    }
    #expect(most("a") == 50)
    #expect(most("b") == 25 && most("c") == 12)
    func take(_ amount: Int, _ client: String) -> Bool { shares.take(amount, for: client) }
    #expect(take(1, "d"))
    shares.giveBack(50, of: "a")
    #expect(shares.share(of: "a") == 0 && shares.held == 38)
    #expect(most("a") == 31)
    for amount in [Int.max, 101, 100] { #expect(!take(amount, "e")) }
    #expect(take(10, "e") && shares.share(of: "e") == 10)
  }

  @Test func streamsOfEvents() throws {
    let allowances = Allowances(Self.limits)
    func stream(_ client: VerifiedClient) throws -> (Conversation, Int) {
      let supervisor = ScriptedSupervisor { command in
        guard case .nextEvents(nil, _) = command else { return nil }
        return .events(EventBatch(changes: [], position: EventPosition(epoch: 1, number: 0), isGap: false))
      }
      let conversation = try Conversation(supervisor, limits: Self.limits, client: client, allowances: allowances)
      conversation.send("GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n")
      return (conversation, Answer(conversation.received()).status)
    }
    try expectShares(stream)
  }

  @Test func answersThatFollowOutput() throws {
    let allowances = Allowances(Self.limits)
    func follow(_ client: VerifiedClient) throws -> (Conversation, Int) {
      let supervisor = ScriptedSupervisor()
      let conversation = try Conversation(supervisor, limits: Self.limits, client: client, allowances: allowances)
      conversation.send("GET /v1/jobs/j1/output?follow=1 HTTP/1.1\r\nHost: a\r\n\r\n")
      supervisor.answer(0, .output(try .sample(), watch: nil), [try FileDescriptor.open("/dev/null", 0)])
      return (conversation, Answer(conversation.received()).status)
    }
    try expectShares(follow)
  }

  /// Of four places, one client gets two, whatever its certificates; another gets one; and a released place is available again.
  private func expectShares(_ begin: (VerifiedClient) throws -> (Conversation, Int)) throws {
    var mine = [try begin(Conversation.client), try begin(Self.again), try begin(Conversation.client)]
    #expect(mine.map(\.1) == [200, 200, 429])
    let others = [try begin(Self.other), try begin(Self.other)]
    #expect(others.map(\.1) == [200, 429])
    mine = []
    #expect(try begin(Self.again).1 == 200)
  }

  @Test func bytesOfBodies() throws {
    let allowances = Allowances(Self.limits)
    func begin(_ client: VerifiedClient, _ count: Int) throws -> Conversation {
      let conversation = try Conversation(
        RequestTable.supervisor(), limits: Self.limits, client: client, allowances: allowances)
      conversation.send(
        "PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nContent-Length: 180\r\n\r\n" + String(repeating: " ", count: count))
      return conversation
    }
    let slow = try begin(Conversation.client, 150)
    #expect(slow.received().isEmpty)
    let refused = Answer(try begin(Self.again, 100).received())
    #expect(refused.status == 429 && refused.body.contains("bytes of unfinished requests"))
    #expect(refused.fields["retry-after"] == "1")
    let good = try Conversation(
      RequestTable.supervisor(), limits: Self.limits, client: Self.other, allowances: allowances)
    #expect(good.exchange(Bodies.put(Bodies.job)).status == 201)
    slow.send(String(repeating: " ", count: 30 - Bodies.job.utf8.count) + Bodies.job)
    #expect(Answer(slow.received()).status == 201)
    #expect(try begin(Self.again, 100).received().isEmpty, "what is read to its end counts no more")
  }

  @Test func bytesOfBodiesOfTheStreamsOfHTTP2() throws {
    let conversation = try HTTP2Conversation(limits: Self.limits, allowances: Allowances(Self.limits))
    for stream in [1, 3, 5] as [UInt32] {
      conversation.send(.request(stream, "PUT", "/v1/jobs/j\(stream)", end: false))
      conversation.send(.data(stream, String(repeating: " ", count: 90), end: false))
    }
    #expect([1, 3, 5].map { conversation.answers[$0]?.status } == [nil, nil, 429])
  }

  @Test func requestsToTheSupervisor() throws {
    let (ours, theirs) = try FileDescriptor.socketPair()
    let outbox = try FileDescriptor.pipe()
    let client = try LinkClient(ours, outbox: outbox.write, maximumPending: 8)
    let loop = EmbeddedEventLoop()
    func ask(_ client: LinkClient, _ who: VerifiedClient) -> Inquiry { client.ask(.showMetrics, for: who, on: loop) }
    func isRefused(_ inquiry: Inquiry) -> Bool {
      loop.run()
      var refused = false
      inquiry.answer.assumeIsolated().whenFailure { refused = ($0 as? Problem)?.kind == .tooMuch }
      return refused
    }
    let first = ask(client, Conversation.client)
    #expect((0..<4).map { _ in isRefused(ask(client, Self.again)) } == [false, false, false, true])
    #expect((0..<3).map { _ in isRefused(ask(client, Self.other)) } == [false, false, true])
    client.abandon(first)
    client.received(.permitted, [], for: 2)
    #expect(!isRefused(ask(client, Conversation.client)))
    client.ended()
    client.close()
    outbox.read.close()
    theirs.close()
  }
}
