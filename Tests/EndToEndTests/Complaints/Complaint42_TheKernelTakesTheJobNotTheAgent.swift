// The complaint: elastic-ci-stack#882, amazon-ssm-agent PR#655: out of memory, the kernel kills the agent and not the job. And the
// converse, nomad#19515: jobs inherit the agent's protection.
// The promise: agentd, its listener and shepherds keep the score with which they were started, and jobs start with 0. (Tested with a higher
// score, which shows the same: not every container permits a lower one.)
import SystemCalls
import TestSupport
import Testing

@Suite struct Complaint42_TheKernelTakesTheJobNotTheAgent {
  @Test func theScoreIsTheAgentsOwn() async throws {
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(wrapper: ["choom", "-n", "300", "--"])
    try await agent.submit("job", ["/bin/sh", "-c", "cat /proc/self/oom_score_adj; exec sleep 600"])
    try await wait(for: "the job's score") { try await agent.request("GET", "jobs/job/output").text == "0\n" }
    let shepherd = try #require(agent.shepherds.first)
    for process in [agent.supervisorID, try await agent.listenerID(), try await agent.signerID(), shepherd] {
      #expect(
        try String(decoding: DurableFile.read("/proc/\(process)/oom_score_adj", limit: 64), as: UTF8.self) == "300\n")
    }
  }
}
