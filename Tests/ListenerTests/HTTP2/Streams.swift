import AgentProtocol
import Glibc
import NIOCore
import SystemCalls
import TestSupport
import Testing

@testable import Listener

/// Requests over HTTP/2 are answered like those over HTTP/1.1, concurrently.
struct Streams {
  @Test func theAgentAnswersByItself() throws {
    let conversation = try HTTP2Conversation()
    let answer = try #require(conversation.exchange())
    let same = try Conversation().exchange(Connection.agent)
    #expect(answer.isComplete)
    #expect(answer.status == 200)
    for name in ["content-type", "cache-control", "content-length"] {
      #expect(answer.fields[name] == same.fields[name])
    }
    #expect(answer.fields["date"]?.hasSuffix(" GMT") == true)
    #expect(answer.fields["connection"] == nil)
    #expect(answer.body.prefix { $0 != "T" } == same.body.prefix { $0 != "T" })
    #expect(answer.body.hasSuffix("\n"))
  }

  @Test func headAndNothingHaveNoBody() throws {
    let conversation = try HTTP2Conversation(ScriptedSupervisor { _ in .deleted })
    let head = try #require(conversation.exchange(.request(1, "HEAD")))
    #expect(head.isComplete && head.status == 200 && head.body == "")
    #expect((head.fields["content-length"].flatMap { Int($0) } ?? 0) > 100)
    let deleted = try #require(conversation.exchange(.request(3, "DELETE", "/v1/jobs/j1")))
    #expect(deleted.isComplete && deleted.status == 204)
  }

  @Test func theSupervisorLearnsWhoAsks() throws {
    let conversation = try HTTP2Conversation(RequestTable.supervisor())
    conversation.send(
      .request(1, "PUT", "/v1/jobs/j1", [("content-type", "application/json")], end: false),
      .data(1, #"{"command":["#, end: false), .data(1, #""/bin/true"]}"#, end: true))
    #expect(conversation.answers[1]?.status == 201)
    #expect(conversation.base.supervisor.clients == [Conversation.client])
  }

  @Test func manyWaitAtATimeAndAreAnsweredInAnyOrder() throws {
    let conversation = try HTTP2Conversation()
    for stream in 0..<100 { conversation.send(.request(UInt32(2 * stream + 1), "GET", "/v1/jobs/j\(stream)?wait=60")) }
    #expect(conversation.base.supervisor.commands.count == 100)
    for number in (0..<100).reversed() {
      conversation.base.supervisor.answer(number, .job(try JobStatus.sample("j\(number)"), created: false))
      conversation.receive()
      let answer = conversation.answers[UInt32(2 * number + 1)]
      #expect(answer?.isComplete == true && answer?.body.contains("\"id\":\"j\(number)\"") == true)
    }
    #expect(conversation.isOpen)
  }

  @Test func aClientThatCancelsIsNotWaitedFor() throws {
    let conversation = try HTTP2Conversation()
    conversation.send(.request(1, "GET", "/v1/jobs/j1?wait=60"), .request(3, "GET", "/v1/jobs/j2?wait=60"))
    conversation.send(.reset(1))
    #expect(conversation.base.supervisor.abandoned == [0])
    conversation.base.supervisor.answer(1, .job(try JobStatus.sample("j2"), created: false))
    conversation.receive()
    #expect(conversation.answers[3]?.status == 200)
  }

  @Test func aClientThatGoesAwayIsNotWaitedFor() throws {
    let conversation = try HTTP2Conversation()
    conversation.send(.request(1, "GET", "/v1/jobs/j1?wait=60"), .request(3, "GET", "/v1/jobs/j2?wait=60"))
    _ = try? conversation.base.channel.finish()
    #expect(conversation.base.supervisor.abandoned.sorted() == [0, 1])
  }

  /// The client has closed its sending half gracefully; it still gets the answers to its requests.
  @Test func aHalfClosedClientStillGetsItsAnswers() throws {
    let conversation = try HTTP2Conversation()
    conversation.send(.request(1, "GET", "/v1/jobs/j1?wait=60"))
    conversation.tell(ChannelEvent.inputClosed)
    #expect(conversation.isOpen)
    conversation.base.supervisor.answer(0, .job(try JobStatus.sample(), created: false))
    conversation.receive()
    #expect(conversation.answers[1]?.status == 200)
    #expect(!conversation.isOpen)
  }

  @Test func outputGoesNoFasterThanItsReaderWants() throws {
    let folder = try TemporaryFolder()
    let text = String(repeating: "0123456789abcdef", count: 1 << 14)
    let file = try FileDescriptor.open(folder.write("output", text), O_RDONLY)
    // A window of 1,000 bytes for each stream, 65,535 for all.
    let conversation = try HTTP2Conversation(settings: [(4, 1000)])
    conversation.send(.request(1, "GET", "/v1/jobs/j1/output"))
    conversation.base.supervisor.answer(0, .output(try .sample("j1", .succeeded), watch: nil), [file])
    conversation.receive()
    #expect(conversation.answers[1]?.fields["content-length"] == String(text.count))
    #expect(conversation.answers[1]?.body.count == 1000)
    #expect(conversation.exchange(.request(3))?.status == 200, "another stream goes on meanwhile")
    conversation.send(.windowUpdate(1, 500))
    #expect(conversation.answers[1]?.body.count == 1500)
    conversation.send(.windowUpdate(1, 1 << 20), .windowUpdate(0, 1 << 20))
    #expect(conversation.answers[1]?.body == text)
    #expect(conversation.answers[1]?.isComplete == true)
  }

  /// Output that nobody reads is given up, but only that stream.
  @Test func outputThatIsNotRead() throws {
    let folder = try TemporaryFolder()
    let file = try FileDescriptor.open(folder.write("output", String(repeating: "x", count: 1 << 20)), O_RDONLY)
    let conversation = try HTTP2Conversation()
    conversation.send(.request(1, "GET", "/v1/jobs/j1/output"))
    conversation.base.supervisor.answer(0, .output(try .sample("j1", .succeeded), watch: nil), [file])
    conversation.receive()
    #expect(conversation.answers[1]?.body.count == 65535)
    conversation.advance(by: .seconds(299))
    #expect(conversation.answers[1]?.reset == nil)
    conversation.advance(by: .seconds(2))
    #expect(conversation.answers[1]?.reset == 8)
    #expect(conversation.exchange(.request(3))?.status == 200)
  }
}
