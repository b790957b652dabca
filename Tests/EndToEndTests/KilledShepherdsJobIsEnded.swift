// Goal: a job whose shepherd is killed does not keep running: its processes are gone when it is reported as interrupted, with and without
// control groups, even if agentd itself was killed in between.
import Glibc
import TestSupport
import Testing

@Suite struct KilledShepherdsJobIsEnded {
  private static let script =
    "setsid sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 1; done' & echo $$; while :; do sleep 1; done"

  @Test(arguments: ["auto", "off"], [false, true])
  func nothingIsLeft(cgroup: String, supervisorToo: Bool) async throws {
    let agent = try await Installation.running(configuration: "[jobs]\ncgroup = \"\(cgroup)\"\n")
    try await agent.submit("lost", ["/bin/sh", "-c", Self.script])
    let other = try await agent.submit("other", ["/bin/sleep", "600"])
    let processes: [Int32] = try await wait(for: "the job's process numbers") {
      let output = try await agent.request("GET", "jobs/lost/output").text
      let lines = output.split(separator: "\n").compactMap { Int32($0) }
      return lines.count == 2 ? lines : nil
    }
    let shepherd = try #require(agent.shepherds.first { ProcessTable.title($0)?.hasSuffix(" lost") ?? false })
    if supervisorToo { try await agent.stop(SIGKILL) }
    kill(shepherd, SIGKILL)
    if supervisorToo { try await agent.start() }

    let ended = try await agent.job("lost", wait: 60)
    #expect(ended.state == .interrupted)
    #expect(processes.filter(ProcessTable.isAlive) == [])
    #expect(try #require(ended.killed) >= 2)
    #expect(try #require(ended.reason).hasPrefix("the job's shepherd was killed; "))
    #expect(try await agent.job("other").state == .running)
    try await agent.request("POST", "jobs/\(other.id)/cancel")
    #expect(try await agent.job("other", wait: 60).state == .cancelled)
  }

  @Test func limitsAreRefusedWithoutControlGroups() async throws {
    let agent = try await Installation.running(configuration: "[jobs]\ncgroup = \"off\"\n")
    let answer = try await agent.request(
      "PUT", "jobs/limited", body: #"{"command": ["/bin/true"], "limits": {"memory": 1048576, "tasks": 1}}"#)
    #expect(answer.status == 422)
    #expect(answer.text.contains("memory, pids"), "\(answer.text)")
    #expect(try await agent.finish("unlimited", ["/bin/true"]).status.state == .succeeded)
  }
}
