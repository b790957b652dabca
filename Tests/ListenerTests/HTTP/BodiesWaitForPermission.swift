import AgentProtocol
import NIOCore
import SupervisorLink
import Testing

@testable import Listener

/// If there are rules for clients, a body is not read before it is known that its client may submit jobs at all.
struct BodiesWaitForPermission {
  private static let head = "PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nContent-Length: \(Bodies.job.utf8.count)\r\n"

  private func conversation(_ answer: JobAnswer?) throws -> Conversation {
    let job = try JobStatus.sample()
    return try Conversation(
      ScriptedSupervisor { $0 == .permitSubmit ? answer : .job(job, created: true) }, clientsAreRuled: true)
  }

  @Test func ofAClientThatMayNotNothingIsRead() throws {
    let conversation = try conversation(.problem(Problem(.forbidden, "it may only look")))
    conversation.send(Self.head + "Expect: 100-continue\r\n\r\n")
    let answer = Answer(conversation.received())
    #expect(answer.status == 403 && answer.body.contains("it may only look"))
    #expect(answer.fields["connection"] == "close")
    #expect(conversation.supervisor.commands == [.permitSubmit])
  }

  @Test func untilTheAnswerIsThereNothingMoreIsRead() throws {
    let conversation = try conversation(nil)
    conversation.send(Self.head + "Expect: 100-continue\r\n\r\n")
    #expect(conversation.received().isEmpty)
    conversation.supervisor.answer(0, .permitted)
    #expect(conversation.received().hasPrefix("HTTP/1.1 100 Continue\r\n"))
    #expect(conversation.exchange(Bodies.job).status == 201)
  }

  @Test func aConnectionAsksOnce() throws {
    let conversation = try conversation(.permitted)
    for _ in 0..<3 { #expect(conversation.exchange(Bodies.put(Bodies.job)).status == 201) }
    #expect(conversation.supervisor.commands.count { $0 == .permitSubmit } == 1)
  }

  @Test func whatCameWithTheHeadIsNotLost() throws {
    let conversation = try conversation(nil)
    conversation.send(Bodies.put(Bodies.job) + "GET /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(conversation.received().isEmpty)
    conversation.supervisor.answer(0, .permitted)
    #expect(conversation.received().ranges(of: "HTTP/1.1 201 ").count == 2)
    let refused = try self.conversation(nil)
    refused.send(Bodies.put(Bodies.job))
    refused.supervisor.answer(0, .problem(Problem(.forbidden, "no")))
    #expect(Answer(refused.received()).status == 403)
    #expect(refused.isOpen, "its whole request was there: the next one can be told apart")
  }

  @Test func whatComesMeanwhileIsHeldWithinTheLimits() throws {
    let conversation = try conversation(nil)
    conversation.send("PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    let chunk = "40000\r\n" + String(repeating: " ", count: 0x40000) + "\r\n"
    for _ in 0..<4 { conversation.send(chunk) }
    #expect(conversation.received().isEmpty)
    conversation.send(chunk)
    #expect(Answer(conversation.received()).status == 413)
    #expect(conversation.supervisor.abandoned == [0])
  }

  @Test func aSupervisorThatDoesNotAnswerEndsTheWait() throws {
    let conversation = try conversation(nil)
    conversation.send(Self.head + "\r\n")
    conversation.loop.advanceTime(by: .seconds(61))
    #expect(Answer(conversation.received()).status == 503)
    #expect(conversation.supervisor.abandoned == [0])
  }

  @Test func streamsOfHTTP2AskOnceToo() throws {
    let job = try JobStatus.sample()
    let supervisor = ScriptedSupervisor { $0 == .permitSubmit ? nil : .job(job, created: true) }
    let conversation = try HTTP2Conversation(supervisor, clientsAreRuled: true)
    conversation.send(
      .request(1, "PUT", "/v1/jobs/j1", end: false), .data(1, Bodies.job, end: true))
    #expect(conversation.answers[1]?.status == nil)
    supervisor.answer(0, .permitted)
    conversation.receive()
    #expect(conversation.answers[1]?.status == 201)
    conversation.send(.request(3, "PUT", "/v1/jobs/j3", end: false), .data(3, Bodies.job, end: true))
    #expect(conversation.answers[3]?.status == 201)
    #expect(supervisor.commands.count { $0 == .permitSubmit } == 1)
  }
}
