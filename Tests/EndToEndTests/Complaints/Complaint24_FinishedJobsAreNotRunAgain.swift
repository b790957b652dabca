// The complaint: hashicorp/nomad#5945, #5883, #6354. A restart of the agent reran jobs that had finished.
// The promise: a job runs once, however agentd is restarted while it runs or afterwards, and however often it is submitted.
import AgentProtocol
import Glibc
import TestSupport
import Testing

@Suite struct Complaint24_FinishedJobsAreNotRunAgain {
  @Test(arguments: [SIGTERM, SIGKILL]) func acrossRestarts(signal: Int32) async throws {
    let agent = try await Installation.running()
    chmod(agent.folder.path, 0o755)
    try agent.folder.write("marks", "", mode: 0o666)
    let mark = ["/bin/sh", "-c", "echo $AGENTD_JOB_ID >> \(agent.folder.path("marks")); \(Self.exits)"]
    for id in ["ok", "failed", "signalled"] { try await agent.submit(id, mark) }
    for id in ["ok", "failed", "signalled"] { _ = try await agent.job(id, wait: 30) }
    try await agent.submit("running", ["/bin/sh", "-c", "\(mark[2]); sleep 600"])
    try await wait(for: "it runs") { try agent.folder.read("marks").contains("running") }
    for _ in 0..<3 {
      _ = try await agent.stop(signal)
      try await agent.start()
      #expect(try await agent.job("running").state == .running)
      let again = try await agent.request("PUT", "jobs/ok", body: Self.body(mark))
      #expect(again.status == 200, "\(again.text)")
    }
    #expect(try await agent.job("ok").state == .succeeded)
    #expect(try await agent.job("failed").exitCode == 3)
    #expect(try await agent.job("signalled").state == .killed)
    #expect(try agent.folder.read("marks").split(separator: "\n").sorted() == ["failed", "ok", "running", "signalled"])
    #expect(try await agent.request("POST", "jobs/running/cancel").status == 200)
    #expect(try await agent.job("running", wait: 30).state == .cancelled)
  }

  private static let exits = "case $AGENTD_JOB_ID in failed) exit 3;; signalled) kill -SEGV $$;; esac"

  private static func body(_ command: [String]) -> String {
    #"{"command": ["/bin/sh", "-c", "\#(command[2])"]}"#
  }
}
