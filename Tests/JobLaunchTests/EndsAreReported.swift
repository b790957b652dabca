import AgentProtocol
import Glibc
import JobLaunch
import ShepherdContract
import SystemCalls
import TestSupport
import Testing

/// Goal: a shepherd whose supervisor records the end in its ledger needs no disk; one whose supervisor is gone, or sends nonsense, leaves
/// the record at once where the next supervisor finds it.
struct EndsAreReported {
  private let bench: JobBench
  private var launcher: JobLauncher { bench.launcher }

  init() throws {
    bench = try JobBench()
  }

  private func reported(_ script: String) async throws -> RunningJob {
    let job = try launcher.launchAndWait(JobID("job-1")!, .shell(script), as: Account.resolve(nil))
    try await wait(for: "the report") { job.hasReportedEnd() }
    return job
  }

  @Test func theEndIsKnownBeforeTheShepherdEnds() async throws {
    let job = try await reported("echo hello; exit 5")
    #expect(!job.shepherd.hasEnded)
    let outcome = launcher.outcome(of: job)
    #expect(outcome.exitCode == 5 && outcome.outputBytes == 6)
    // Also to another supervisor.
    guard case .ended(let found) = try launcher.recover(job.id) else {
      Issue.record("its end is on record")
      return
    }
    #expect(found == outcome)
    job.endIsTaken()
    try await wait(for: "the shepherd") { job.shepherd.hasEnded }
    #expect(launcher.outcome(of: job) == outcome)
  }

  @Test(arguments: ["it goes", "nonsense", "silence and death of the shepherd"])
  func otherwiseTheRecordIsLeft(_ supervisor: String) async throws {
    var job = try await reported("exit 5")
    let began = ContinuousClock.now
    switch supervisor {
    case "it goes": job.report = nil
    case "nonsense": try #require(job.report).writeAll([7, 7])
    default: try job.shepherd.send(SIGKILL)
    }
    try await wait(for: "the shepherd") { job.shepherd.hasEnded }
    #expect(.now - began < .milliseconds(Int(ShepherdContract.EndReport.patience)))
    guard case .ended(let outcome) = try launcher.recover(job.id) else {
      Issue.record("nobody holds the folder")
      return
    }
    #expect(outcome.exitCode == 5)
  }

  /// The supervisor learns of its death by other means.
  @Test func aShepherdThatDiesReportsNothing() async throws {
    let job = try launcher.launchAndWait(JobID("job-1")!, .shell("sleep 600"), as: Account.resolve(nil))
    try job.shepherd.send(SIGKILL)
    try await wait(for: "the shepherd") { job.shepherd.hasEnded }
    #expect(!job.hasReportedEnd())
    var remains = [JobRemains(of: job.id, job.order, launcher)]
    while JobRemains.end(&remains) {}
  }

  /// The job has no access to the socket: it could acknowledge its own end.
  @Test func theJobDoesNotHaveTheSocket() async throws {
    let job = try await reported("ls -l /proc/self/fd | grep -c socket")
    #expect(try bench.output(of: job) == "0\n")
    job.endIsTaken()
  }
}
