// Goal: agentd can be process 1 of a container: it reaps orphans, forwards signals and exits with agentd's status.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can make a PID namespace")) struct FirstProcessOfAContainer {
  private static let container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]

  @Test func orphansAreWaitedFor() async throws {
    let (agent, first, supervisor) = try await inContainer()
    try await agent.submit("orphaned", ["/bin/sh", "-c", "sleep 1000 & read line < go"], fields: try agent.gate("go"))
    let server = try #require(
      try ProcessTable.children(of: supervisor).first { ProcessTable.title($0) == "agentd: shepherds" })
    let shepherd: pid_t = try await wait(for: "the shepherd") {
      try ProcessTable.children(of: server).first { ProcessTable.title($0)?.contains("agentd-shepherd") ?? false }
    }
    try await wait(for: "both processes of the job") {
      try ProcessTable.children(of: shepherd).contains { try ProcessTable.children(of: $0).count == 1 }
    }
    // Its orphans become children of process 1, and agentd ends them.
    kill(shepherd, SIGKILL)
    #expect(try await agent.job("orphaned", wait: 60).state == .interrupted)
    try await wait(for: "nothing to be left of it") { try ProcessTable.children(of: first) == [supervisor] }
    #expect(try await agent.finish("next", ["/bin/echo", "on"]).output == "on\n")
  }

  @Test func signalsArePassedOn() async throws {
    let (agent, first, _) = try await inContainer()
    kill(first, SIGHUP)
    try await agent.logLine(with: "reload complete")
    kill(first, SIGUSR1)
    try await agent.logLine(with: "summary")
    kill(first, SIGTERM)
    // unshare(1) exits with the status of process 1.
    #expect(try await agent.ended() == .exited(0))
    #expect(agent.log.contains("agentd stops"))
  }

  @Test func itDoesNotDetachAndExitsAsAgentdDoes() async throws {
    let agent = try await Installation()
    let result = try await TestProcess(
      Self.container + ["\(agent.folder.path("bin"))/jams-agentd"], environment: agent.environment,
      directory: agent.folder.path
    ).end()
    #expect(result.end == .exited(78))
    #expect(result.errorText.contains("the certificate store is empty"))
  }

  private func inContainer() async throws -> (agent: Installation, first: pid_t, supervisor: pid_t) {
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(wrapper: Self.container)
    let first = try #require(try ProcessTable.children(of: agent.supervisorID).first)
    return (agent, first, try #require(try ProcessTable.children(of: first).first))
  }
}
