import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// Goal: an end reported by a shepherd is recorded once, whatever happens to the shepherd, and nothing is left over.
struct EndsAreTakenOnce {
  @Test func anIdIsFreeAsSoonAsItsJobIsDeleted() throws {
    let stage = try JobsStage()
    let id = JobID("a")!
    for round in 0..<20 {
      #expect(try stage.submit("a", "/bin/sh", "-c", "echo \(round)").created == true)
      #expect(try stage.end("a").state == .succeeded)
      let output = try stage.answer(.openOutput(id, follow: false)).descriptors[0].readAll(limit: 10)
      #expect(output == Array("\(round)\n".utf8))
      guard case .deleted = try stage.answer(.deleteJob(id)).answer else {
        Issue.record("not deleted")
        return
      }
      #expect(access(stage.folder.path("jobs/a"), F_OK) != 0)
    }
    #expect(!stage.jobs.ends.shepherdsAreEnding && stage.jobs.running.isEmpty)
    #expect(stage.lines.all.allSatisfy { !$0.contains("cannot be removed") })
  }

  @Test(.enabled(if: geteuid() == 0, "mounting a cgroup2 file system needs root"))
  func itsControlGroupIsRemoved() throws {
    let groups = try ControlGroupMount()
    let stage = try JobsStage(groups: groups)
    _ = try stage.submit("a", "/bin/sh", "-c", "cat /proc/self/cgroup; setsid sleep 600 &")
    let end = try stage.end("a")
    #expect(end.state == .succeeded && end.killed == 1 && end.left == 0)
    let output = try stage.answer(.openOutput(JobID("a")!, follow: false)).descriptors[0].readAll(limit: 1 << 16)
    #expect(String(decoding: output, as: UTF8.self).contains("-a\n"))
    #expect(try Folder.names(in: groups.folder).allSatisfy { !$0.hasPrefix("agentd-") })
  }

  @Test func theShepherdIsCollectedAfterwards() throws {
    let stage = try JobsStage()
    _ = try stage.submit("a", "/bin/sh", "-c", stage.untilReleased()[2])
    let shepherd = try stage.shepherd(of: "a")
    try stage.release()
    #expect(try stage.end("a").state == .succeeded)
    try stage.reactor.turns(until: "the shepherd has ended") { !stage.jobs.ends.shepherdsAreEnding }
    // Reaped: its process ID is free.
    #expect(throws: SystemError.self) { try shepherd.send(0) }
    #expect(try stage.answer(.showMetrics).answer != nil)
    #expect(stage.jobs.capacity.running == 0)
  }

  /// The supervisor does not run while the shepherd reports, waits and is killed: the record remains.
  @Test func aShepherdThatIsKilledWhileItWaitsLosesNothing() throws {
    var stage: JobsStage? = try JobsStage()
    let folder = try #require(stage?.folder)
    _ = try stage?.submit("a", "/bin/sh", "-c", try #require(stage?.untilReleased()[2]) + "; exit 3")
    let shepherd = try #require(try stage?.shepherd(of: "a"))
    try stage?.release()
    // The reactor takes no turn meanwhile: the shepherd has reported and waits.
    let exit = folder.path("jobs/a/exit")
    let end = ContinuousClock.now + .seconds(60)
    while access(exit, F_OK) != 0 {
      try #require(ContinuousClock.now < end)
      usleep(1000)
    }
    try shepherd.send(SIGKILL)
    #expect(try stage?.end("a").exitCode == 3)
    stage = nil
    let next = try JobsStage(in: folder)
    #expect(try next.jobs.recover() == Jobs.Recovery())
    #expect(try next.end("a").exitCode == 3)
  }
}
