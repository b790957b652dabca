import AgentProtocol
import Glibc
import TestSupport
import Testing

@testable import Supervisor

/// Goal: a job that writes while the disk is full runs on, but does not end as if its output were complete, although it exits with 0 and
/// there is room again by then. What it writes with room is kept.
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
      "echo runs; \(stage.untilReleased()[2]); head -c 300000 /dev/zero; : > \(folder.path("mark")); "
      + "\(stage.untilReleased("end")[2]); echo ends"
    _ = try stage.submit("a", "/bin/sh", "-c", script)
    let id = JobID("a")!
    try stage.reactor.turns(until: "it runs") { stage.jobs.launcher.outputBytes(of: id) == 5 }
    try JobsStage.fill(folder)
    try stage.release()
    try stage.reactor.turns(until: "it has written") { (try? folder.read("mark")) == "" }
    unlink(folder.path("ballast"))
    try stage.release("end")
    let end = try stage.end("a")
    #expect(end.state == .succeeded)
    #expect(end.diskWasFull == true)
    let dropped = try #require(end.outputBytesDropped)
    // The block of the first line had room.
    #expect((290_000...300_000).contains(dropped) && end.outputBytes == 300_010 - dropped)
    #expect(end.reason == "the disk was full, or failed, while it ran: \(dropped) bytes of its output were dropped")

    _ = try stage.submit("b", "/bin/echo", "all of it")
    let next = try stage.end("b")
    #expect(next.diskWasFull == false && next.reason == nil && next.outputBytesDropped == 0)
  }
}
