// Goal: `agent-register --env-diff` shows the limits that a job of the running agentd has, however that was started.
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can log in as another user")) struct JobsHaveTheLimitsOfTheAgentThatRuns {
  @Test func inTheComparisonWithALogin() async throws {
    let agent = try await Installation(configuration: "[jobs.limits]\nfsize = 7340032\n")
    try await agent.register()
    try await agent.start(wrapper: ["prlimit", "--stack=4194304:4194304", "--nofile=5000"])
    let job = try await agent.finish("limits", ["/bin/sh", "-c", "ulimit -s; ulimit -n"])
    let shown = try await agent.configure("--env-diff", "nobody")
    #expect(shown.hasPrefix("a job of nobody, with the limits of agentd (pid \(agent.supervisorID))"))
    #expect(shown.contains("  Max stack size  job    4194304, 4194304\n"), "\(shown)")
    #expect(shown.contains("  Max file size   job    7340032, 7340032\n"), "\(shown)")
    #expect(shown.contains("  Max open files  job    1024, 5000\n"), "\(shown)")
    #expect(job.output == "4096\n1024\n")
  }
}
