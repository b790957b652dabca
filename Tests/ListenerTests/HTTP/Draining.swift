import AgentProtocol
import NIOCore
import Testing

@testable import Listener

/// What happens to connections when the listener is told to drain.
struct Draining {
  private func drain(_ conversation: Conversation) {
    conversation.channel.pipeline.fireUserInboundEventTriggered(DrainRequested())
    conversation.loop.run()
  }

  @Test func anIdleConnectionIsClosed() throws {
    let conversation = try Conversation()
    conversation.loop.advanceTime(by: .seconds(10))
    drain(conversation)
    #expect(!conversation.isOpen)
  }

  @Test func aBusyConnectionGetsTimeForTheRequestThatIsOnItsWay() throws {
    let conversation = try Conversation()
    #expect(conversation.exchange(Connection.agent).status == 200)
    drain(conversation)
    #expect(conversation.isOpen)
    let answer = conversation.exchange(Connection.agent)
    #expect(answer.status == 200)
    #expect(answer.fields["connection"] == "close")
    #expect(!conversation.isOpen)
  }

  @Test func aBusyConnectionDoesNotGetMoreThanThat() throws {
    let conversation = try Conversation()
    drain(conversation)
    #expect(conversation.isOpen)
    conversation.loop.advanceTime(by: .seconds(3))
    #expect(!conversation.isOpen)
  }

  /// Its handshake was in progress when draining began.
  @Test func aNewConnectionGetsOneAnswer() throws {
    let conversation = try Conversation(isDraining: true)
    let answer = conversation.exchange(Connection.agent)
    #expect(answer.status == 200)
    #expect(answer.fields["connection"] == "close")
    #expect(!conversation.isOpen)
    let silent = try Conversation(isDraining: true)
    silent.loop.advanceTime(by: .seconds(3))
    #expect(!silent.isOpen)
  }

  @Test func aRunningRequestIsFinished() throws {
    let conversation = try Conversation()
    conversation.send("POST /v1/jobs/j1/cancel HTTP/1.1\r\nHost: a\r\n\r\n")
    drain(conversation)
    #expect(conversation.isOpen)
    conversation.supervisor.answer(0, .job(try JobStatus.sample(), created: false))
    let answer = Answer(conversation.received())
    #expect(answer.status == 200)
    #expect(answer.fields["connection"] == "close")
    #expect(!conversation.isOpen)
  }

  @Test func aWaitEndsWithThePresentState() throws {
    let conversation = try Conversation()
    conversation.send("GET /v1/jobs/j1?wait=600 HTTP/1.1\r\nHost: a\r\n\r\n")
    drain(conversation)
    let id = try JSONValue.id("j1")
    #expect(conversation.supervisor.commands == [.showJob(id, wait: 600), .showJob(id, wait: 0)])
    #expect(conversation.supervisor.abandoned == [0])
    conversation.supervisor.answer(1, .job(try JobStatus.sample("j1", .running), created: false))
    let answer = Answer(conversation.received())
    #expect(answer.status == 200)
    #expect(answer.body.contains(#""state":"running""#))
    #expect(!conversation.isOpen)
  }

  @Test func aHalfReadRequestIsFinished() throws {
    let conversation = try Conversation(RequestTable.supervisor())
    let request = Bodies.put(Bodies.job)
    conversation.send(String(request.dropLast(5)))
    drain(conversation)
    #expect(conversation.isOpen)
    conversation.send(String(request.suffix(5)))
    let answer = Answer(conversation.received())
    #expect(answer.status == 201)
    #expect(answer.fields["connection"] == "close")
    #expect(!conversation.isOpen)
  }
}
