import AgentProtocol
import Glibc
import JobLaunch
import TestSupport
import Testing

/// Goal: a job that fills the disk ends with its own exit code, because the space for its exit record was reserved before it started.
@Suite(.enabled(if: geteuid() == 0, "a small file system of its own needs root"))
struct FullDiskKeepsTheResult {
  @Test func theExitRecordIsWritten() async throws {
    let home = try TemporaryFolder()
    let path = home.path("small")
    try #require(try await run("mkdir", path).end == .exited(0))
    try #require(try await run("mount", "-t", "tmpfs", "-o", "size=128k", "none", path).end == .exited(0))
    defer { umount2(path, Int32(MNT_DETACH)) }
    let launcher = try JobLauncher(folder: "\(path)/jobs", shepherd: BuiltProduct.path("agentd-shepherd"))
    let account = try Account.resolve(nil)
    let request = JobRequest.shell("trap '' PIPE; dd if=/dev/zero bs=1k count=1000 2>/dev/null; exit 3")
    let job = try launcher.startUnreported("filler", request, as: account)
    try await wait(for: "the end of the job") { job.shepherd.hasEnded }
    let outcome = launcher.outcome(of: job)
    #expect(outcome.state == .failed)
    #expect(outcome.exitCode == 3)
    let kept = try #require(outcome.outputBytes)
    #expect(kept > 0 && outcome.outputBytesDropped == 1_024_000 - kept)
    #expect(
      outcome.reason
        == "the disk was full, or failed, while it ran: \(1_024_000 - kept) bytes of its output were dropped")
    #expect(outcome.diskWasFull == true)

    let refusal = try #require(throws: LaunchRefusal.self) {
      try launcher.startUnreported("next", request, as: account)
    }
    #expect(refusal.description.contains("No space left on device"))
    #expect(try launcher.ids() == [JobID("filler")!])
  }
}
