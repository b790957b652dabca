import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// The next supervisor takes over the unfinished jobs; nothing is started a second time.
struct JobsOutliveTheSupervisor {
  @Test func runningWaitingAndEndedJobsAreFound() throws {
    var stage: JobsStage? = try JobsStage(maxRunning: 2)
    let folder = try #require(stage?.folder)
    try folder.write("mark", "", mode: 0o666)
    let count = "; echo x >> \(folder.path("mark"))"
    for name in ["running", "ended"] {
      let command = ["/bin/sh", "-c", try #require(stage?.untilReleased(name)[2]) + count]
      _ = try stage?.answer(.submitJob(JobID(name)!, JobRequest(command: command)))
      _ = try stage?.shepherd(of: name)
    }
    _ = try stage?.submit("waiting", "/bin/sh", "-c", "true" + count)
    stage = nil
    try folder.write("ended", "")
    try waitForShepherd(of: "ended", in: folder)

    let next = try JobsStage(maxRunning: 2, in: folder)
    #expect(try next.jobs.recover() == Jobs.Recovery(waiting: 1, running: 1, ended: 1))
    #expect(try next.end("ended").state == .succeeded)
    #expect(try next.end("waiting").state == .succeeded)
    #expect(try next.state("running") == .running)
    try folder.write("running", "")
    #expect(try next.end("running").state == .succeeded)
    #expect(try folder.read("mark") == "x\nx\nx\n")
  }

  @Test func aJobWhoseShepherdWasKilledIsInterruptedAndNotRunAgain() throws {
    var stage: JobsStage? = try JobsStage()
    let folder = try #require(stage?.folder)
    // The job keeps running without it, here until the file exists.
    let command = try #require(stage?.untilReleased())
    defer { _ = try? folder.write("go", "") }
    _ = try stage?.answer(.submitJob(JobID("a")!, JobRequest(command: command)))
    let shepherd = try #require(try stage?.shepherd(of: "a"))
    try shepherd.send(SIGKILL)
    #expect(try stage?.end("a").state == .interrupted)
    stage = nil
    let next = try JobsStage(in: folder)
    #expect(try next.jobs.recover() == Jobs.Recovery())
    #expect(try next.state("a") == .interrupted)
  }

  @Test func aRunningJobCanBeCancelledByTheNextSupervisor() throws {
    var stage: JobsStage? = try JobsStage()
    let folder = try #require(stage?.folder)
    _ = try stage?.submit("a", "/bin/sleep", "600")
    _ = try stage?.shepherd(of: "a")
    stage = nil
    let next = try JobsStage(in: folder)
    _ = try next.jobs.recover()
    _ = try next.answer(.cancelJob(JobID("a")!))
    #expect(try next.end("a").state == .cancelled)
  }

  @Test func foldersThatNoLedgerKnowsAreRemoved() throws {
    let stage = try JobsStage()
    _ = try stage.submit("known", "/bin/true")
    _ = try stage.end("known")
    // More than are examined in one turn.
    for number in 0..<500 { try Folder.make(stage.folder.path("jobs/unknown-\(number)"), mode: 0o700) }
    stage.jobs.removeLeftovers()
    try stage.reactor.turns(until: "they are gone") {
      (try? Folder.names(in: stage.folder.path("jobs"))) == ["known"]
    }
  }

  private func waitForShepherd(of id: String, in folder: TemporaryFolder) throws {
    let end = ContinuousClock.now + .seconds(90)
    while try FileLock.isHeld(folder.path("jobs/\(id)/lock")) {
      if ContinuousClock.now > end { throw SystemError("wait", "shepherd of \(id)", code: ETIMEDOUT) }
      usleep(5000)
    }
  }
}
