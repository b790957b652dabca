import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls
import TestSupport
import Testing

/// Goal: killing a supervisor ends no job, and the next one finds each job, running or ended.
struct JobsOutliveTheSupervisor {
  @Test func foundAgain() async throws {
    let bench = try JobBench()
    let launcher = bench.launcher
    let script = "echo ready; cd \(bench.home.path); while [ ! -e go ]; do sleep 0.02; done; exit 5"
    let supervisor = try await run(
      BuiltProduct.path("agentd-test-roles"), "launch-and-die", launcher.folder,
      BuiltProduct.path("agentd-shepherd"), "long", script,
      "short", "exit 6")
    #expect(supervisor.end == .signalled(SIGKILL))
    guard case .running(let long) = try launcher.recover(JobID("long")!) else { throw Lost() }
    try bench.home.write("go", "")
    let outcome = try await bench.end(of: long)
    #expect(outcome.state == .failed)
    #expect(outcome.exitCode == 5)
    #expect(try bench.output(of: long) == "ready\n")

    let short = try await wait(for: "the end of the short job") {
      if case .ended(let outcome) = try launcher.recover(JobID("short")!) { outcome } else { nil }
    }
    #expect(short.exitCode == 6)
  }

  struct Lost: Error {}

  @Test func cancelledByTheNextSupervisor() async throws {
    let bench = try JobBench()
    let job = try bench.start("job-1", JobRequest(command: ["sleep", "1000"]))
    guard case .running(let found) = try bench.launcher.recover(job.id) else { throw Lost() }
    #expect(found.shepherd.processID == job.shepherd.processID)
    try bench.launcher.cancel(found, by: "CN=first")
    try bench.launcher.cancel(found, by: "CN=second")
    #expect(try await bench.end(of: found).state == .cancelled)
    guard case .ended(let outcome) = try bench.launcher.recover(job.id) else { throw Lost() }
    #expect(outcome.state == .cancelled)
    #expect(outcome.reason == "cancelled by CN=first")
  }
}
