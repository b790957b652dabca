import AgentProtocol
import Glibc
import JobLaunch
import ShepherdContract
import SystemCalls
import TestSupport
import Testing

/// Goal: a job whose end was not observed is `interrupted`, and the reason says what is known.
struct LostJobsAreInterrupted {
  private static let reasonOfKilledShepherd = "the job's shepherd was killed; up to 256 KiB of its last output is lost"

  private func recovered(_ bench: JobBench, _ id: String = "job-1") throws -> JobOutcome? {
    if case .ended(let outcome) = try bench.launcher.recover(JobID(id)!) { outcome } else { nil }
  }

  @Test func shepherdKilled() async throws {
    let bench = try JobBench()
    let job = try bench.start("job-1", .shell("echo $$; exec sleep 1000"))
    let main = try await wait(for: "the job") { pid_t(try bench.output(of: job).split(separator: "\n").first ?? "") }
    defer { kill(main, SIGKILL) }
    try job.shepherd.send(SIGKILL)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .interrupted)
    #expect(outcome.reason == Self.reasonOfKilledShepherd)
    #expect(outcome.mayHaveRemains)
    #expect(try recovered(bench) == outcome)
  }

  @Test func neverLaunched() throws {
    let outcome = try recovered(try JobBench())
    #expect(outcome?.state == .interrupted)
    #expect(outcome?.reason == "agentd or the host went down while the job was being started; it may have run")
  }

  /// The contents of the folder after a crash, and the resulting reason.
  @Test(arguments: [
    ([:], "agentd or the host went down while the job was being started; it may have run"),
    (["lock": ""], "agentd or the host went down while the job was being started; it may have run"),
    (["lock": "4711 another-boot\n"], "the host went down while the job ran"),
    (["lock": "1 \(LockRecord.presentBootID())\n"], reasonOfKilledShepherd),
    (
      ["lock": "4711 another-boot\n", "exit": "garbage"],
      "how the job ended cannot be read: exit record: damaged record: wrong length or checksum"
    ),
    (
      ["lock": "4711 another-boot\n", "exit": String(repeating: "\0", count: 4096)],
      "the host went down while the job ran"
    ),
  ])
  func afterACrash(_ files: [String: String], _ reason: String) throws {
    let bench = try JobBench()
    try Folder.make(bench.home.path("jobs/job-1"), mode: 0o700)
    for (name, contents) in files { try bench.home.write("jobs/job-1/\(name)", contents) }
    let outcome = try recovered(bench)
    #expect(outcome?.state == .interrupted)
    #expect(outcome?.reason == reason)
    #expect(outcome?.mayHaveRemains == !(reason.contains("host") || reason.contains("did not run")))
  }
}
