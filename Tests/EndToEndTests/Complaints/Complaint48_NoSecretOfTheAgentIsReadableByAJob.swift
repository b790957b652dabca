// The complaint: buildkite/agent#897, actions-runner-controller#2871: the agent's own secret is there for every job to read.
// The promise: a job reads neither key nor store, neither the record of jobs nor another job's files, nor anything of agentd's
// processes, even as the user whom the listener runs as.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "without root, jobs run as the user to whom all of it belongs"))
struct Complaint48_NoSecretOfTheAgentIsReadableByAJob {
  @Test func everythingIsClosed() async throws {
    let agent = try await Installation.running()
    // What counts is what agentd has closed itself.
    try checked("chmod") { chmod(agent.folder.path, 0o755) }
    try await agent.finish("other", ["/bin/echo", "other's output"])
    let processes = [agent.supervisorID, try await agent.listenerID(), try await agent.signerID()]
    let places =
      ["store", "state", "state/ledger.sqlite", "state/jobs", "state/jobs/other/output", "state/jobs/other/order"]
      .map { agent.folder.path($0) }
      + processes.flatMap { process in ["environ", "mem", "fd", "maps"].map { "/proc/\(process)/\($0)" } }
      + ["/proc/$PPID/environ", "/proc/$PPID/fd", "/proc/$PPID/mem"]
    let script = places.map { "(ls \($0)/ || dd if=\($0) count=1) >/dev/null 2>&1 && echo open: \($0)" }
    let looked = try await agent.finish("look", ["/bin/sh", "-c", (script + ["echo looked"]).joined(separator: "\n")])
    #expect(looked.output == "looked\n")
    // That it would have told.
    #expect(
      try await agent.finish("see", ["/bin/sh", "-c", "ls /proc/$$/fd >/dev/null && echo open"]).output == "open\n")
  }
}
