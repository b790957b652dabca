import AgentProtocol
import Glibc
import NIOCore
import SystemCalls
import TestSupport
import Testing

@testable import Listener

/// The output of jobs: parts, all of it, and as it grows.
struct Output {
  let folder: TemporaryFolder
  let conversation: Conversation

  init() throws {
    folder = try TemporaryFolder()
    conversation = try Conversation()
  }

  private func file(_ contents: String) throws -> SystemCalls.FileDescriptor {
    try FileDescriptor.open(folder.write("output", contents), O_RDONLY)
  }

  private func append(_ text: String) throws {
    try FileDescriptor.open(folder.path("output"), O_WRONLY | O_APPEND).writeAll(Array(text.utf8))
  }

  private func ask(_ query: String, _ fields: String = "", method: String = "GET", version: String = "1.1") {
    conversation.send("\(method) /v1/jobs/j1/output\(query) HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n")
  }

  @Test(
    arguments: [
      ("", "", 200, "0123456789", nil),
      ("?offset=0", "", 200, "0123456789", nil),
      ("?offset=4", "", 200, "456789", nil),
      ("?offset=10", "", 200, "", nil),
      ("?follow=false&offset=9", "", 200, "9", nil),
      ("", "Range: bytes=2-\r\n", 206, "23456789", "bytes 2-9/10"),
      ("", "Range: bytes=2-3\r\n", 206, "23", "bytes 2-3/10"),
      ("", "Range: bytes=-3\r\n", 206, "789", "bytes 7-9/10"),
      ("", "Range: bytes=0-1,3-4\r\n", 200, "0123456789", nil),
      ("", "Range: bytes=2-\r\nIf-Range: \"x\"\r\n", 200, "0123456789", nil),
      ("?follow", "", 200, "0123456789", nil),
      ("?follow=true&offset=3", "", 200, "3456789", nil),
    ] as [(String, String, Int, String, String?)])
  func partsOfAFinishedJob(_ query: String, _ fields: String, _ status: Int, _ body: String, _ range: String?) throws {
    ask(query, fields)
    let follow = query.contains("follow") && !query.contains("false")
    #expect(conversation.supervisor.commands == [.openOutput(try JSONValue.id("j1"), follow: follow)])
    conversation.supervisor.answer(0, .output(try .sample("j1", .succeeded), watch: nil), [try file("0123456789")])
    let answer = Answer(conversation.received())
    #expect(answer.status == status)
    #expect(answer.body == body)
    #expect(answer.fields["content-range"] == range)
    #expect(answer.fields["content-length"] == String(body.count))
    #expect(answer.fields["content-type"] == "application/octet-stream")
    #expect(conversation.exchange(Connection.agent).status == 200)
  }

  @Test(arguments: [
    ("?stream=stderr", "", OutputStream.stderr, "0123456789"), ("?stream=stdout&offset=4", "", .stdout, "456789"),
    ("?offset=4&stream=stderr", "", .stderr, "456789"), ("?stream=stderr", "Range: bytes=2-3\r\n", .stderr, "23"),
  ])
  func eitherStream(_ query: String, _ fields: String, _ stream: OutputStream, _ body: String) throws {
    ask(query, fields)
    #expect(
      conversation.supervisor.commands == [.openOutput(try JSONValue.id("j1"), stream: stream, follow: false)])
    conversation.supervisor.answer(0, .output(try .sample("j1", .failed), watch: nil), [try file("0123456789")])
    #expect(Answer(conversation.received()).body == body)
  }

  @Test(arguments: [
    ("?offset=11", ""), ("?offset=9223372036854775807", ""), ("", "Range: bytes=10-\r\n"), ("?follow&offset=11", ""),
  ])
  func beyondTheEnd(_ query: String, _ fields: String) throws {
    ask(query, fields)
    conversation.supervisor.answer(0, .output(try .sample("j1", .failed), watch: nil), [try file("0123456789")])
    let answer = Answer(conversation.received())
    #expect(answer.status == 416)
    #expect(answer.fields["content-range"] == "bytes */10")
    #expect(conversation.exchange(Connection.agent).status == 200)
  }

  @Test(arguments: ["?offset=1", "?follow"]) func rangeAndQueryTogether(_ query: String) {
    ask(query, "Range: bytes=2-\r\n")
    #expect(Answer(conversation.received()).status == 400)
  }

  @Test func headSaysHowLongItIs() throws {
    ask("", method: "HEAD")
    conversation.supervisor.answer(0, .output(try .sample("j1", .running), watch: nil), [try file("0123456789")])
    let answer = Answer(conversation.received())
    #expect(answer.fields["content-length"] == "10")
    #expect(answer.fields["accept-ranges"] == "bytes")
    #expect(answer.body == "")
    #expect(conversation.exchange(Connection.agent).status == 200)
  }

  @Test func problems() throws {
    ask("")
    conversation.supervisor.answer(0, .problem(Problem(.notFound, "no such job")))
    #expect(Answer(conversation.received()).status == 404)
  }

  @Test func followsToTheEnd() throws {
    ask("?follow&offset=2")
    conversation.supervisor.answer(0, .output(try .sample("j1", .running), watch: nil), [try file("0123")])
    let first = conversation.received()
    #expect(first.contains("transfer-encoding: chunked") && first.hasSuffix("\r\n\r\n2\r\n23\r\n"))
    #expect(conversation.supervisor.commands.last == .showJob(try JSONValue.id("j1"), wait: 3600))
    try append("4567")
    conversation.loop.advanceTime(by: .seconds(1))
    #expect(conversation.received() == "4\r\n4567\r\n")
    // The wait ends before the job does: it is repeated.
    conversation.supervisor.answer(1, .job(try .sample("j1", .running), created: false))
    #expect(conversation.received() == "")
    #expect(conversation.supervisor.commands.count == 3)
    try append("89")
    conversation.supervisor.answer(2, .job(try .sample("j1", .succeeded), created: false))
    #expect(conversation.received() == "2\r\n89\r\n0\r\n\r\n")
    #expect(conversation.exchange(Connection.agent).status == 200)
  }

  @Test func followsFromBeyondTheEnd() throws {
    ask("?follow&offset=6")
    conversation.supervisor.answer(0, .output(try .sample("j1", .running), watch: nil), [try file("0123")])
    #expect(conversation.received().hasSuffix("\r\n\r\n"))
    try append("4567")
    conversation.loop.advanceTime(by: .seconds(1))
    #expect(conversation.received() == "2\r\n67\r\n")
  }

  @Test func http10FollowsToTheEndOfTheConnection() throws {
    ask("?follow", version: "1.0")
    conversation.supervisor.answer(0, .output(try .sample("j1", .running), watch: nil), [try file("0123")])
    let text = conversation.received()
    #expect(!text.lowercased().contains("chunked") && text.hasSuffix("\r\n\r\n0123"))
    conversation.supervisor.answer(1, .job(try .sample("j1", .succeeded), created: false))
    #expect(conversation.received() == "")
    #expect(!conversation.isOpen)
  }

  @Test func aFollowerOfASilentJobIsNotTimedOut() throws {
    ask("?follow")
    conversation.supervisor.answer(0, .output(try .sample("j1", .running), watch: 1), [try file("")])
    _ = conversation.received()
    #expect(conversation.outputs.count == 1)
    conversation.loop.advanceTime(by: .hours(5))
    #expect(conversation.isOpen)
    _ = try conversation.channel.finish()
    #expect(conversation.outputs.count == 0)
    #expect(conversation.supervisor.abandoned == [1])
  }

  @Test func drainingCutsAFollowerOff() throws {
    ask("?follow")
    conversation.supervisor.answer(0, .output(try .sample("j1", .running), watch: 1), [try file("01")])
    conversation.channel.pipeline.fireUserInboundEventTriggered(DrainRequested())
    #expect(!conversation.received().contains("\r\n0\r\n\r\n"), "nobody may take the beginning for the whole")
    #expect(!conversation.isOpen)
    #expect(conversation.supervisor.abandoned == [1])
    #expect(conversation.outputs.count == 0)
  }

  @Test func aFileThatShrinksCutsTheAnswerOff() throws {
    let large = String(repeating: "x", count: 200_000)
    ask("")
    conversation.channel.isWritable = false
    conversation.supervisor.answer(0, .output(try .sample("j1", .succeeded), watch: nil), [try file(large)])
    _ = conversation.received()
    try folder.write("output", "short")
    conversation.channel.isWritable = true
    conversation.channel.pipeline.fireChannelWritabilityChanged()
    #expect(!conversation.isOpen)
  }

  @Test func isReadOnlyAsFastAsTheClientTakesIt() throws {
    let large = String(repeating: "0123456789abcdef", count: 1 << 16)
    ask("")
    conversation.channel.isWritable = false
    conversation.supervisor.answer(0, .output(try .sample("j1", .succeeded), watch: nil), [try file(large)])
    #expect(Answer(conversation.received()).body == "", "the head and nothing more")
    conversation.loop.advanceTime(by: .minutes(4))
    conversation.channel.isWritable = true
    conversation.channel.pipeline.fireChannelWritabilityChanged()
    #expect(conversation.received() == large)
  }

  @Test func aClientThatNeverReadsIsGivenUp() throws {
    ask("")
    conversation.channel.isWritable = false
    conversation.supervisor.answer(0, .output(try .sample("j1", .succeeded), watch: nil), [try file("0123")])
    conversation.loop.advanceTime(by: .minutes(6))
    #expect(!conversation.isOpen)
  }
}
