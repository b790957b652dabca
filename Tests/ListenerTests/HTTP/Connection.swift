import AgentProtocol
import NIOCore
import SupervisorLink
import Testing

@testable import Listener

/// The sequence of requests on a connection, and its end.
struct Connection {
  static let agent = "GET /v1/agent HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test func theAgentAnswersByItself() throws {
    let conversation = try Conversation()
    let answer = conversation.exchange(Self.agent)
    #expect(answer.status == 200)
    #expect(answer.fields["content-type"] == "application/json")
    #expect(answer.fields["cache-control"] == "no-store")
    #expect(answer.fields["content-length"] == String(answer.body.utf8.count))
    #expect(answer.fields["date"]?.hasSuffix(" GMT") == true)
    #expect(answer.fields["server"] == nil)
    #expect(answer.fields["connection"] == nil)
    let before =
      #"{"certificate_not_after":"2027-01-15T08:00:00.000Z","certificate_thumbprint":"\#(String(repeating: "cd", count: 32))","max_queued":9,"#
    #expect(
      answer.body.hasPrefix(before + #""max_running":4,"name":"agent-1","pools":[],"queued":2,"running":1,"time":"20"#))
    #expect(answer.body.hasSuffix("Z\",\"version\":\"1.2.3\",\"warnings\":[]}\n"))
    conversation.agent.update(
      Capacity(
        maxRunning: 5, maxQueued: 6, running: 7, queued: 8,
        pools: [PoolCapacity(name: "p", maxRunning: 2, running: 1, queued: 1)]))
    let counts =
      #""max_queued":6,"max_running":5,"name":"agent-1","pools":[{"max_running":2,"name":"p","queued":1,"running":1}],"queued":8,"running":7"#
    #expect(conversation.exchange(Self.agent).body.contains(counts))
    #expect(conversation.supervisor.commands.isEmpty)
  }

  @Test func whereClientsAreRuledTheSupervisorIsAskedFirst() throws {
    for (verdict, status) in [(JobAnswer.permitted, 200), (.problem(Problem(.forbidden, "no")), 403), (.deleted, 204)] {
      let conversation = try Conversation(ScriptedSupervisor { _ in verdict }, clientsAreRuled: true)
      let answer = conversation.exchange(Self.agent)
      #expect(answer.status == status)
      #expect(answer.body.contains("agent-1") == (status == 200))
      #expect(conversation.supervisor.commands == [.showAgent])
    }
  }

  @Test func headHasTheSameFieldsAndNoBody() throws {
    let conversation = try Conversation()
    let head = conversation.exchange(Self.agent.replacing("GET", with: "HEAD"))
    let full = conversation.exchange(Self.agent)
    #expect(head.body == "")
    #expect(head.fields["content-length"] == full.fields["content-length"])
    #expect(head.status == 200)
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    let conversation = try Conversation()
    func show(_ id: String) -> String { "GET /v1/jobs/\(id) HTTP/1.1\r\nHost: a\r\n\r\n" }
    conversation.send(show("first") + Self.agent + show("second"))
    #expect(conversation.supervisor.commands.count == 1, "one at a time")
    #expect(conversation.received() == "")
    conversation.supervisor.answer(0, .job(try JobStatus.sample("first"), created: false))
    let text = conversation.received()
    #expect(text.components(of: "HTTP/1.1 200 OK") == 2)
    #expect(text.contains(#""id":"first""#))
    conversation.supervisor.answer(1, .job(try JobStatus.sample("second"), created: false))
    #expect(Answer(conversation.received()).body.contains(#""id":"second""#))
  }

  /// Answers are produced within each other's writes; without a bound, these would overflow the stack.
  @Test func manyPipelinedRequestsBehindASlowOne() throws {
    let conversation = try Conversation()
    conversation.send("GET /v1/jobs/slow HTTP/1.1\r\nHost: a\r\n\r\n" + String(repeating: Self.agent, count: 20_000))
    conversation.supervisor.answer(0, .job(try JobStatus.sample("slow"), created: false))
    #expect(conversation.received().components(of: "HTTP/1.1 200 OK") == 20_001)
    #expect(conversation.isOpen)
  }

  @Test func closeIsHonoured() throws {
    let conversation = try Conversation()
    let answer = conversation.exchange("GET /v1/agent HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    #expect(answer.status == 200)
    #expect(answer.fields["connection"] == "close")
    #expect(!conversation.isOpen)
  }

  @Test func http10ClosesAndNeedsNoHost() throws {
    let conversation = try Conversation()
    let answer = conversation.exchange("GET /v1/agent HTTP/1.0\r\n\r\n")
    #expect(answer.status == 200)
    #expect(answer.fields["connection"] == "close")
    #expect(!conversation.isOpen)
  }

  @Test func anUpgradeIsNotTaken() throws {
    let conversation = try Conversation()
    let answer = conversation.exchange(
      "GET /v1/agent HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    #expect(answer.status == 200)
    #expect(answer.fields["connection"] == "close")
    #expect(!conversation.isOpen)
  }

  @Test func aConnectionHasItsNumberOfRequests() throws {
    var limits = HTTPLimits()
    limits.requests = 3
    let conversation = try Conversation(limits: limits)
    for _ in 0..<2 { #expect(conversation.exchange(Self.agent).fields["connection"] == nil) }
    let last = conversation.exchange(Self.agent)
    #expect(last.status == 200)
    #expect(last.fields["connection"] == "close")
    #expect(!conversation.isOpen)
    #expect(try Conversation(limits: limits).exchange(Self.agent).status == 200)
  }

  @Test func slowHeads() throws {
    let conversation = try Conversation()
    #expect(conversation.exchange(Self.agent).status == 200)
    for byte in Self.agent.prefix(9) {
      conversation.send(String(byte))
      conversation.loop.advanceTime(by: .seconds(1))
    }
    #expect(conversation.isOpen)
    conversation.loop.advanceTime(by: .seconds(2))
    #expect(!conversation.isOpen, "a head has ten seconds in all")
  }

  @Test func idleConnections() throws {
    let conversation = try Conversation()
    conversation.loop.advanceTime(by: .seconds(299))
    #expect(conversation.exchange(Self.agent).status == 200)
    conversation.loop.advanceTime(by: .seconds(299))
    #expect(conversation.isOpen)
    conversation.loop.advanceTime(by: .seconds(2))
    #expect(!conversation.isOpen)
  }

  @Test func aSupervisorThatDoesNotAnswer() throws {
    let conversation = try Conversation()
    conversation.send("GET /v1/jobs/j1?wait=100 HTTP/1.1\r\nHost: a\r\n\r\n")
    conversation.loop.advanceTime(by: .seconds(159))
    #expect(conversation.received() == "")
    conversation.loop.advanceTime(by: .seconds(2))
    let answer = Answer(conversation.received())
    #expect(answer.status == 503)
    #expect(answer.fields["retry-after"] == "1")
    #expect(conversation.supervisor.abandoned == [0])
    #expect(conversation.exchange(Self.agent).status == 200)
    conversation.supervisor.answer(0, .job(try JobStatus.sample(), created: false))
    #expect(conversation.received() == "", "an answer that comes too late is dropped")
  }

  @Test func aClientThatGoesAwayIsNotWaitedFor() throws {
    let conversation = try Conversation()
    conversation.send("GET /v1/jobs/j1?wait=100 HTTP/1.1\r\nHost: a\r\n\r\n")
    _ = try conversation.channel.finish()
    #expect(conversation.supervisor.abandoned == [0])
  }

  @Test func aHalfClosedClientStillGetsItsAnswer() throws {
    let conversation = try Conversation()
    conversation.send("GET /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\n\r\n")
    conversation.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    conversation.supervisor.answer(0, .job(try JobStatus.sample(), created: false))
    let answer = Answer(conversation.received())
    #expect(answer.status == 200)
    #expect(answer.fields["connection"] == "close")
    #expect(!conversation.isOpen)
  }

  @Test(arguments: [
    "", "GET /v1/agent HTTP/1.1\r\nHo", "PUT /v1/jobs/j HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
  ])
  func aHalfClosedClientWithoutAWholeRequest(_ sent: String) throws {
    let conversation = try Conversation()
    conversation.send(sent)
    conversation.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    conversation.loop.advanceTime(by: .seconds(3))
    #expect(!conversation.isOpen)
  }

  @Test(
    arguments: [
      (ProblemKind.full, 503, "5"), (.unavailable, 503, "1"), (.noSpace, 507, nil), (.conflict, 409, nil),
      (.forbidden, 403, nil), (.notFound, 404, nil), (.fault, 500, nil),
    ] as [(ProblemKind, Int, String?)])
  func problemsOfTheSupervisor(_ kind: ProblemKind, _ status: Int, _ retryAfter: String?) throws {
    let conversation = try Conversation(ScriptedSupervisor { _ in .problem(Problem(kind, "because")) })
    let answer = conversation.exchange("GET /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(answer.status == status)
    #expect(answer.fields["retry-after"] == retryAfter)
    #expect(answer.fields["content-type"] == "application/problem+json")
    #expect(answer.body.contains(#""detail":"because""#))
    #expect(answer.body.contains(#""type":"/problems/\#(kind.rawValue)""#))
    #expect(conversation.isOpen)
  }
}
