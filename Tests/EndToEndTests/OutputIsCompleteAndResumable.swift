// Goal: a client gets every byte that a job wrote, during and after its run, and resumes where it was interrupted.
import TestSupport
import Testing

@Suite struct OutputIsCompleteAndResumable {
  @Test func followShowsLinesAsTheyComeAndEndsWithTheJob() async throws {
    let agent = try await Installation.running()
    try await agent.submit(
      "talk", ["/bin/sh", "-c", "echo one; read line < go; echo two"], fields: try agent.gate("go"))
    let follower = try TestProcess(
      ["curl"] + agent.curlArguments() + ["--no-buffer", "\(agent.url)/jobs/talk/output?follow=1"],
      environment: agent.environment)
    try await wait(for: "the first line") { follower.outputText == "one\n" }
    try await agent.openGate("go")
    let result = try await follower.end()
    #expect(result.end == .exited(0))
    #expect(result.outputText == "one\ntwo\n")
  }

  @Test func offsetAndRangeGoOnInTheMiddle() async throws {
    let agent = try await Installation.running()
    let whole = try await agent.finish("count", ["/usr/bin/seq", "100000"]).output
    // 9 numbers of two bytes including the newline, 90 of three, 900 of four, and so on; one of seven.
    #expect(whole.utf8.count == 588_895)

    let behind = try await agent.request("GET", "jobs/count/output?offset=588888")
    #expect(behind.status == 200)
    #expect(behind.text == "100000\n")
    let ranged = try await agent.request("GET", "jobs/count/output", curl: ["--range", "0-3"])
    #expect(ranged.status == 206)
    #expect(ranged.text == "1\n2\n")
    let tail = try await agent.request("GET", "jobs/count/output", curl: ["--range", "-7"])
    #expect(tail.status == 206)
    #expect(tail.text == "100000\n")
    #expect(try await agent.request("GET", "jobs/count/output", curl: ["--range", "9000000-"]).status == 416)
  }

  @Test func errorsThatAreKeptApartAreAStreamOfTheirOwn() async throws {
    let agent = try await Installation.running()
    try await agent.submit(
      "apart", ["/bin/sh", "-c", "echo out; echo one >&2; read line < go; echo two >&2"],
      fields: try agent.gate("go"), #""stderr": "separate""#)
    let follower = try TestProcess(
      ["curl"] + agent.curlArguments() + ["--no-buffer", "\(agent.url)/jobs/apart/output?stream=stderr&follow=1"],
      environment: agent.environment)
    try await wait(for: "the first line") { follower.outputText == "one\n" }
    try await agent.openGate("go")
    #expect(try await follower.end().outputText == "one\ntwo\n")
    #expect(try await agent.request("GET", "jobs/apart/output").text == "out\n")
    #expect(try await agent.request("GET", "jobs/apart/output?stream=stderr&offset=4").text == "two\n")
    let tail = try await agent.request("GET", "jobs/apart/output?stream=stderr", curl: ["--range", "-4"])
    #expect(tail.status == 206 && tail.text == "two\n")
    #expect(try await agent.job("apart").stderrBytes == 8)
  }

  @Test func eightMegabytesArriveByteForByte() async throws {
    let agent = try await Installation.running()
    try await agent.submit("large", ["/bin/sh", "-c", "seq 1200000 | head -c 8388608"])
    #expect(try await agent.job("large", wait: 60).state == .succeeded)
    let expected = try await TestProcess(["/bin/sh", "-c", "seq 1200000 | head -c 8388608"]).end().output
    #expect(expected.count == 8_388_608)
    #expect(try await agent.request("GET", "jobs/large/output").body == expected)
  }
}
