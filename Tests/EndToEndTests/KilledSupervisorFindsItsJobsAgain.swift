// Goal: after kill -9 and a restart of agentd itself, the job still runs, and its exit code and output are known.
import Glibc
import TestSupport
import Testing

@Suite struct KilledSupervisorFindsItsJobsAgain {
  @Test func aJobThatRunsOn() async throws {
    let agent = try await Installation.running()
    try await agent.submit(
      "steady", ["/bin/sh", "-c", "echo before; read line < go; echo after; exit 9"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.job("steady").state == .running }
    let listener = try await agent.listenerID()
    let shepherds = agent.shepherds
    #expect(shepherds.count == 1)

    try await agent.stop(SIGKILL)
    try await wait(for: "the listener to follow its supervisor") { !ProcessTable.isAlive(listener) }
    try await agent.start()
    #expect(agent.shepherds == shepherds)
    #expect(try await agent.job("steady").state == .running)

    try await agent.openGate("go")
    let ended = try await agent.job("steady", wait: 20)
    #expect(ended.exitCode == 9)
    #expect(try await agent.request("GET", "jobs/steady/output").text == "before\nafter\n")
  }

  @Test func aJobThatEndsMeanwhile() async throws {
    let agent = try await Installation.running()
    try await agent.submit(
      "short", ["/bin/sh", "-c", "read line < go; echo done; exit 3"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.job("short").state == .running }
    let shepherd = try #require(agent.shepherds.first)

    try await agent.stop(SIGKILL)
    try await agent.openGate("go")
    try await wait(for: "the shepherd's end") { !ProcessTable.isAlive(shepherd) }
    try await agent.start()

    let ended = try await agent.job("short", wait: 20)
    #expect(ended.state == .failed)
    #expect(ended.exitCode == 3)
    #expect(try await agent.request("GET", "jobs/short/output").text == "done\n")
  }

  @Test func aJobWhoseShepherdDiedTooIsInterruptedAndNotRunAgain() async throws {
    let agent = try await Installation.running()
    try await agent.submit(
      "lost", ["/bin/sh", "-c", "echo run; read line < go"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.request("GET", "jobs/lost/output").text == "run\n" }
    let shepherd = try #require(agent.shepherds.first)
    let children = try ProcessTable.children(of: shepherd)

    try await agent.stop(SIGKILL)
    kill(shepherd, SIGKILL)
    children.forEach { kill($0, SIGKILL) }
    try await agent.start()

    #expect(try await agent.job("lost", wait: 20).state == .interrupted)
    #expect(try await agent.request("GET", "jobs/lost/output").text == "run\n")
  }
}
