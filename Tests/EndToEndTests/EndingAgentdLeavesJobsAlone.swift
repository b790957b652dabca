// Goal: SIGTERM and Ctrl-C end agentd and its listener promptly with exit code 0; jobs keep running and are found again.
import Glibc
import TestSupport
import Testing

@Suite struct EndingAgentdLeavesJobsAlone {
  @Test(arguments: [SIGTERM, SIGINT]) func cleanlyBySignal(signal: Int32) async throws {
    let agent = try await Installation.running()
    try await agent.submit("steady", ["/bin/sh", "-c", "read line < go; exit 4"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.job("steady").state == .running }
    let shepherd = try #require(agent.shepherds.first)
    let listener = try await agent.listenerID()

    #expect(try await agent.stop(signal) == .exited(0))
    #expect(!ProcessTable.isAlive(listener))
    #expect(ProcessTable.isAlive(shepherd))

    try await agent.start()
    try await agent.openGate("go")
    #expect(try await agent.job("steady", wait: 20).exitCode == 4)
  }

  @Test func aWaitingClientDoesNotHoldTheEndUp() async throws {
    let agent = try await Installation.running()
    try await agent.submit("long", ["/bin/sh", "-c", "read line < go"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.job("long").state == .running }
    let waiting = try TestProcess(
      ["curl"] + agent.curlArguments() + ["\(agent.url)/jobs/long?wait=600"], environment: agent.environment)
    let following = try TestProcess(
      ["curl"] + agent.curlArguments() + ["\(agent.url)/jobs/long/output?follow=1"], environment: agent.environment)
    try await wait(for: "both connections") { try agent.connections == 2 }
    let clock = ContinuousClock()
    let begun = clock.now
    #expect(try await agent.stop() == .exited(0))
    #expect(clock.now - begun < .seconds(300))
    _ = try await waiting.end()
    _ = try await following.end()
  }
}
