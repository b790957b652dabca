import AgentProtocol
import Glibc
import JobLaunch
import TestSupport
import Testing

/// Goal: a job is called cancelled only if somebody cancelled it; when the host is shut down, it is interrupted. Signals that people send to
/// processes by name have no effect.
struct TheReasonIsTheRecordedOne {
  private func running(_ bench: JobBench, _ script: String = "echo $$; exec sleep 1000") async throws -> (
    RunningJob, pid_t
  ) {
    var request = JobRequest.shell(script)
    request.killGrace = 1
    request.directory = bench.home.path
    let job = try bench.start("job-1", request)
    let main = try await wait(for: "the job") { pid_t(try bench.output(of: job).split(separator: "\n").first ?? "") }
    return (job, main)
  }

  @Test(arguments: [
    "echo $$; exec sleep 1000", "trap 'exit 0' TERM; echo $$; while :; do sleep 0.01; done",
    "trap '' TERM; echo $$; while :; do sleep 0.1; done",
  ])
  func aShutdown(_ script: String) async throws {
    let bench = try JobBench()
    let (job, main) = try await running(bench, script)
    try job.shepherd.send(SIGTERM)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .interrupted)
    #expect(outcome.reason == "the host was shut down")
    #expect(!outcome.mayHaveRemains && !isAlive(main))
    guard case .ended(outcome) = try bench.launcher.recover(job.id) else {
      Issue.record("not found again")
      return
    }
  }

  /// Every process of the host gets SIGTERM, the job first.
  @Test(arguments: ["echo $$; exec sleep 1000", "trap 'exit 9' TERM; echo $$; while :; do sleep 0.01; done"])
  func aShutdownThatHitsTheJobFirst(_ script: String) async throws {
    let bench = try JobBench()
    let (job, main) = try await running(bench, script)
    try job.shepherd.send(SIGSTOP)
    kill(main, SIGTERM)
    try await wait(for: "the end of the job") { !isAlive(main) }
    try job.shepherd.send(SIGTERM)
    try job.shepherd.send(SIGCONT)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .interrupted)
    #expect(outcome.reason == "the host was shut down")
  }

  /// With and without the file that names the canceller, which a full disk can prevent, and by an earlier agentd, whose signal has no value.
  @Test(arguments: ["both", "signal only", "file only"])
  func aCancellation(_ how: String) async throws {
    let bench = try JobBench()
    let (job, _) = try await running(bench)
    switch how {
    case "both": try bench.launcher.cancel(job, by: "CN=somebody")
    case "signal only": try job.cancel()
    default:
      try bench.home.write("jobs/job-1/cancel", "CN=somebody")
      try job.shepherd.send(SIGTERM)
    }
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .cancelled)
    #expect(outcome.reason == (how == "signal only" ? nil : "cancelled by CN=somebody"))
  }

  @Test func signalsByName() async throws {
    let bench = try JobBench()
    let (job, _) = try await running(bench, "echo $$; while [ ! -e go ]; do sleep 0.02; done; echo done; exit 4")
    // Not those that the C library keeps for itself, SIGKILL, SIGSTOP and SIGTERM.
    for number in Int32(1)...64 where ![SIGKILL, SIGTERM, SIGSTOP, 32, 33].contains(number) {
      try job.shepherd.send(number)
    }
    try bench.home.write("go", "")
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .failed && outcome.exitCode == 4 && outcome.reason == nil, "\(outcome)")
    #expect(try bench.output(of: job).hasSuffix("\ndone\n"))
  }
}
