// Goal: a cancelled job ends with all processes that it started, even those that ignore TERM.
import TestSupport
import Testing

@Suite struct CancelEndsTheWholeJob {
  @Test(arguments: [
    ("plain", "sleep 600 & echo $$ $!; wait"),
    ("deaf", "trap '' TERM; sleep 600 & echo $$ $!; wait; wait; sleep 600"),
    ("detached", "setsid sleep 600 & echo $$ $!; wait"),
  ]) func noProcessIsLeft(name: String, script: String) async throws {
    let agent = try await Installation.running()
    try await agent.submit("long", ["/bin/sh", "-c", script], fields: "\"kill_grace\": 0.3")
    let processes: [Int32] = try await wait(for: "the job's process numbers") {
      let output = try await agent.request("GET", "jobs/long/output").text
      return output.hasSuffix("\n") ? output.split { $0 == " " || $0 == "\n" }.compactMap { Int32($0) } : nil
    }
    #expect(processes.count == 2)

    let answer = try await agent.request("POST", "jobs/long/cancel")
    #expect(answer.status == 200 || answer.status == 202)
    #expect(try await agent.job("long", wait: 20).state == .cancelled)
    #expect(processes.filter(ProcessTable.isAlive) == [])
    #expect(agent.shepherds == [])
  }

  @Test func timeoutEndsItToo() async throws {
    let agent = try await Installation.running()
    let ended = try await agent.finish("slow", ["/bin/sleep", "600"], fields: "\"timeout\": 0.3").status
    #expect(ended.state == .timedOut)
    #expect(ended.exitCode == nil)
  }
}
