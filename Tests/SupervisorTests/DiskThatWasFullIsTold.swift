import AgentProtocol
import Glibc
import TestSupport
import Testing

@testable import Supervisor

/// Goal: a job whose write failed because the disk was full at the time does not end as if its output were complete, although it exits with
/// 0 and there is room again by then.
struct DiskThatWasFullIsTold {
  @Test(.enabled(if: geteuid() == 0, "only root can mount a small file system"))
  func alsoWithRoomAtTheEnd() async throws {
    try await JobsStage.inSmallFileSystem("4m", drive)
  }

  private func drive(_ folder: TemporaryFolder) throws {
    let stage = try JobsStage(clients: "disk_floor = 0\n", in: folder)
    try folder.write("mark", "not yet", mode: 0o666)
    // Truncating a file needs no block.
    let script =
      "echo runs; \(stage.untilReleased()[2]); head -c 300000 /dev/zero 2>&1 || : > \(folder.path("mark")); "
      + stage.untilReleased("end")[2]
    _ = try stage.submit("a", "/bin/sh", "-c", script)
    let id = JobID("a")!
    try stage.reactor.turns(until: "it runs") { stage.jobs.launcher.outputBytes(of: id) == 5 }
    try JobsStage.fill(folder)
    try stage.release()
    try stage.reactor.turns(until: "its write has failed") { (try? folder.read("mark")) == "" }
    try stage.reactor.turns(until: "the full disk is seen") { stage.jobs.running[id]?.isToldOfFullDisk == true }
    unlink(folder.path("ballast"))
    try stage.release("end")
    let end = try stage.end("a")
    #expect(end.state == .succeeded)
    #expect(end.diskWasFull == true)
    #expect(end.outputBytesDropped == nil)
    #expect(end.reason == "the disk was full while it ran: its output may be incomplete")

    _ = try stage.submit("b", "/bin/echo", "all of it")
    let next = try stage.end("b")
    #expect(next.diskWasFull == false && next.reason == nil && next.outputBytesDropped == 0)
  }

  /// However fast it is filled, an empty disk takes that long.
  @Test(arguments: [(0, 50), (100 << 20, 50), (1 << 30, 256), (1 << 40, 10_000)] as [(UInt64, Int)])
  func theDiskIsLookedAtAsOftenAsNeedBe(_ free: UInt64, _ milliseconds: Int) {
    #expect(DiskWatch.pause(free) == .milliseconds(milliseconds))
  }
}
