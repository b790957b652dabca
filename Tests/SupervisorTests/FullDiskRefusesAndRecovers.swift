import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// On a full disk a submit is refused for that reason, running jobs come to their end, and everything continues once there is room again.
struct FullDiskRefusesAndRecovers {
  @Test(.enabled(if: geteuid() == 0, "only root can mount a small file system"))
  func submitsAreRefusedUntilThereIsRoom() async throws {
    try await JobsStage.inSmallFileSystem("512k", drive)
  }

  private func drive(_ folder: TemporaryFolder) throws {
    // agentd's own limit is disabled: the disk is full to the last byte.
    let stage = try JobsStage(clients: "disk_floor = 0\n", in: folder)
    try folder.write("started", "", mode: 0o666)
    let command = ["/bin/sh", "-c", "echo x > \(folder.path("started")); " + stage.untilReleased()[2]]
    _ = try stage.answer(.submitJob(JobID("before")!, JobRequest(command: command)))
    try stage.reactor.turns(until: "it runs") { (try? folder.read("started")) == "x\n" }
    let waiting = stage.ask(.showJob(JobID("before")!, wait: 60))
    try JobsStage.fill(folder)

    let large = String(repeating: "x", count: 100_000)
    let refused = try stage.submit("refused", "/bin/echo", large)
    #expect(refused.problem == .noSpace)
    #expect(stage.lines.all.contains { $0.hasPrefix("error ledger: ") && $0.contains("full") }, "\(stage.lines.all)")
    #expect(stage.jobs.capacity.running == 1 && stage.jobs.capacity.queued == 0)
    #expect(try stage.state("before") == .running)

    // An empty file in the full file system needs no block.
    try stage.release()
    unlink(folder.path("ballast"))
    try stage.reactor.turns(until: "the end is recorded") { waiting.answer != nil }
    #expect(waiting.status?.state == .succeeded, "\(waiting.status?.reason ?? "")")
    #expect(try stage.submit("after", "/bin/true").created == true)
    #expect(try stage.end("after").state == .succeeded)
    #expect(try stage.answer(.showJob(JobID("refused")!, wait: 0)).problem == .notFound)
  }
}
