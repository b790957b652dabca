// Goal: a job that was answered with 201 is on disk: agentd killed right after the answer knows the job, and it ran at most once.
import Glibc
import TestSupport
import Testing

@Suite struct SubmittedJobSurvivesKill {
  @Test(arguments: 1...5) func killedRightAfterTheAnswer(round: Int) async throws {
    let agent = try await Installation.running()
    try await agent.submit("kept", ["/bin/echo", "once"])
    try await agent.stop(SIGKILL)
    try await agent.start()

    let ended = try await agent.job("kept", wait: 20)
    let output = try await agent.request("GET", "jobs/kept/output").text
    // Whether its shepherd had started depends on timing; that the job is known, and did not run twice, does not.
    switch ended.state {
    case .succeeded: #expect(output == "once\n")
    case .interrupted: #expect(output == "" || output == "once\n")
    default: Issue.record("\(ended)")
    }
  }
}
