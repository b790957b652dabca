// The complaint: buildkite/agent#897, actions-runner-controller#2871: every job can read the agent's own secret.
// The promise: a job can read neither the key nor the store, neither the job records nor another job's files, nor anything of agentd's
// processes. NoJobRunsAsAgentdsOwnUser tests that no job runs as one of agentd's own users.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "without root, jobs run as the user to whom all of it belongs"))
struct Complaint48_NoSecretOfTheAgentIsReadableByAJob {
  @Test func everythingIsClosed() async throws {
    let agent = try await Installation.running()
    // Only what agentd itself has closed counts.
    try checked("chmod") { chmod(agent.folder.path, 0o755) }
    try await agent.finish("other", ["/bin/echo", "other's output"])
    let processes = [agent.supervisorID, try await agent.listenerID(), try await agent.signerID()]
    let places =
      ["store", "state", "state/ledger.sqlite", "state/jobs", "state/jobs/other/output", "state/jobs/other/exit"]
      .map { agent.folder.path($0) }
      + processes.flatMap { process in ["environ", "mem", "fd", "maps"].map { "/proc/\(process)/\($0)" } }
      + ["/proc/$PPID/environ", "/proc/$PPID/fd", "/proc/$PPID/mem"]
    let script = places.map { "(ls \($0)/ || dd if=\($0) count=1) >/dev/null 2>&1 && echo open: \($0)" }
    let looked = try await agent.finish("look", ["/bin/sh", "-c", (script + ["echo looked"]).joined(separator: "\n")])
    #expect(looked.output == "looked\n")
    // The check would have reported an open one.
    #expect(
      try await agent.finish("see", ["/bin/sh", "-c", "ls /proc/$$/fd >/dev/null && echo open"]).output == "open\n")
  }
}
