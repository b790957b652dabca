import AgentConfiguration
import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing
import Values

@testable import JobLedger
@testable import Supervisor

/// What has ended is kept as long as the configuration says, then forgotten with its output, the oldest first; what runs never.
struct OldJobsAreForgotten {
  private static let day: Int64 = 86_400_000

  private func due(_ change: (inout AgentConfiguration.KeptJobs) -> Void) -> [String] {
    var kept = AgentConfiguration.KeptJobs()
    (kept.days, kept.count, kept.bytes) = (nil, nil, nil)
    change(&kept)
    // Five jobs that ended one day after the other, the last one now, with 100 bytes each.
    let jobs = (0..<5).map {
      EndedJob(id: JobID("j\($0)")!, finishedAt: Timestamp(milliseconds: Int64($0) * Self.day), bytes: 100)
    }
    let all = EndedJobs(jobs: 5, bytes: 500)
    return Retention(kept: kept).due(jobs, of: all, now: Timestamp(milliseconds: 4 * Self.day)).map(\.id.description)
  }

  @Test func byAgeCountAndBytes() {
    #expect(due { _ in } == [])
    #expect(due { $0.days = 4 } == [])
    #expect(due { $0.days = 3 } == ["j0"])
    #expect(due { $0.days = 1 } == ["j0", "j1", "j2"])
    #expect(due { $0.count = 5 } == [])
    #expect(due { $0.count = 3 } == ["j0", "j1"])
    #expect(due { $0.bytes = 500 } == [])
    #expect(due { $0.bytes = 499 } == ["j0"])
    #expect(due { $0.bytes = 250 } == ["j0", "j1", "j2"])
    #expect(due { ($0.days, $0.count, $0.bytes) = (3, 4, 150) } == ["j0", "j1", "j2", "j3"])
  }

  @Test func withTheirOutputAndWhileOthersRun() throws {
    let stage = try JobsStage(maxRunning: 3, clients: "keep_count = 3\n")
    _ = try stage.answer(.submitJob(JobID("running")!, JobRequest(command: stage.untilReleased())))
    for number in 0..<10 {
      _ = try stage.submit("j\(number)", "/bin/echo", "hello")
      _ = try stage.end("j\(number)")
    }
    let kept = ["j7", "j8", "j9", "running"]
    try stage.reactor.turns(until: "the others are forgotten") {
      (try? Folder.names(in: stage.folder.path("jobs"))) == kept
    }
    guard case .jobs(let page) = try stage.answer(.listJobs(JobFilter())).answer else {
      Issue.record("no list")
      return
    }
    #expect(page.jobs.map(\.id.description).sorted() == kept)
    #expect(try stage.answer(.showJob(JobID("j0")!, wait: 0)).problem == .notFound)
    #expect(try stage.jobs.ledger.ended() == EndedJobs(jobs: 3, bytes: 18))
    #expect(try stage.state("running") == .running)
    try stage.release()
    #expect(try stage.end("running").state == .succeeded)
  }

  @Test func afterAReloadThatKeepsLessAndInManyTurns() throws {
    let stage = try JobsStage(maxRunning: 100, maxQueued: 1000, clients: "keep_count = 0\n")
    let count = 2 * JobRetention.forgottenATurn + 7
    for number in 0..<count { _ = stage.ask(.submitJob(JobID("j\(number)")!, JobRequest(command: ["/bin/true"]))) }
    try stage.reactor.turns(until: "all have ended") { (try? stage.jobs.ledger.ended().jobs) == count }
    let file = try stage.folder.write("less.toml", "[jobs]\nmax_running = 100\nkeep_count = 1\n")
    let configuration = try AgentConfiguration.load(file: file, environment: [:], isRoot: false)
    stage.jobs.adopt(configuration.jobs, [])
    try stage.reactor.turns(until: "one is left") {
      (try? Folder.names(in: stage.folder.path("jobs")).count) == 1
    }
    #expect(try stage.jobs.ledger.ended().jobs == 1)
    #expect(try stage.submit("after", "/bin/true").created == true)
  }
}

/// Less room than there has to be: a job is refused as such, and taken in when there is room again.
struct DiskFloorIsKept {
  @Test func untilThereIsRoom() throws {
    let stage = try JobsStage(clients: "disk_floor = \(Int.max)\n")
    #expect(try stage.submit("a", "/bin/true").problem == .noSpace)
    stage.jobs.diskFloor.bytes = 1
    #expect(try stage.submit("a", "/bin/true").created == true)
    // The same request is answered again, whatever the room.
    stage.jobs.diskFloor.bytes = Int.max
    #expect(try stage.submit("a", "/bin/true").created == false)
    #expect(try stage.end("a").state == .succeeded)
  }

  @Test func byDefaultATwentiethOfASmallDisk() throws {
    #expect(throws: Never.self) { try DiskFloor(bytes: nil).check("/no-such-folder") }
    #expect(throws: Never.self) { try DiskFloor(bytes: 0).check("/proc") }
  }
}

/// Pools, from the request to the record.
struct PoolsHoldJobsBack {
  private static let pools = "[jobs.pools.one]\nmax_running = 1\n[jobs.pools.two]\nmax_running = 2\n"

  @Test func aRequestChoosesOneAndARestartRemembersIt() throws {
    var stage: JobsStage? = try JobsStage(clients: Self.pools)
    let folder = try #require(stage?.folder)
    func job(_ pool: String?) -> JobRequest {
      var job = JobRequest(command: stage!.untilReleased())
      job.pool = pool
      return job
    }
    let first = try stage!.answer(.submitJob(JobID("a")!, job("one")))
    #expect(first.status?.pool == "one")
    #expect(try stage!.answer(.submitJob(JobID("b")!, job("one"))).status?.state == .queued)
    #expect(try stage!.answer(.submitJob(JobID("c")!, job(nil))).status?.pool == nil)
    #expect(try stage!.answer(.submitJob(JobID("d")!, job("none"))).problem == .badRequest)
    let busy = [
      PoolCapacity(name: "one", maxRunning: 1, running: 1, queued: 1),
      PoolCapacity(name: "two", maxRunning: 2, running: 0, queued: 0),
    ]
    #expect(stage!.jobs.capacity.pools == busy)
    stage = nil
    let next = try JobsStage(clients: Self.pools, in: folder)
    _ = try next.jobs.recover()
    #expect(next.jobs.capacity.pools == busy)
    try next.release()
    for id in ["a", "b", "c"] { #expect(try next.end(id).state == .succeeded) }
  }

  @Test func aRuleChoosesOneForItsClient() throws {
    let stage = try JobsStage(clients: Self.pools + "[[client]]\ncertificate = \"*\"\npool = \"two\"\n")
    #expect(try stage.submit("a", "/bin/true").status?.pool == "two")
    #expect(try stage.submit("b", "/bin/true", change: { $0.pool = "two" }).status?.pool == "two")
    #expect(try stage.submit("c", "/bin/true", change: { $0.pool = "one" }).problem == .forbidden)
    #expect(try stage.end("a").state == .succeeded)
  }
}
