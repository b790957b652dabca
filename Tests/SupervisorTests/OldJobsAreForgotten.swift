import AgentConfiguration
import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing
import Values
import Wording

@testable import JobLedger
@testable import Supervisor

/// Ended jobs are kept as long as configured, then deleted with their output, oldest first; running jobs never are.
struct OldJobsAreForgotten {
  private static let day: Int64 = 86_400_000

  private func kept(_ days: Int? = nil, _ count: Int? = nil, _ bytes: Int? = nil) -> Retention {
    var kept = AgentConfiguration.KeptJobs()
    (kept.days, kept.count, kept.bytes) = (days, count, bytes)
    return Retention(kept: kept)
  }

  @Test func byAge() {
    // Five jobs that ended a day apart, the last one now.
    let jobs = (0..<5).map {
      EndedJob(id: JobID("j\($0)")!, finishedAt: Timestamp(milliseconds: Int64($0) * Self.day), bytes: 100)
    }
    for (oldest, expected) in [(nil, 0), (0, 0), (1, 1), (3, 3), (4, 4)] as [(Int64?, Int)] {
      let moment = oldest.map { Timestamp(milliseconds: $0 * Self.day) }
      #expect(kept().outdated(jobs, endedBefore: moment).count == expected)
    }
  }

  /// Jobs as `OWNER NUMBER BYTES`, in the order of their ends.
  private func excess(_ rule: Retention, _ jobs: [(String, Int64)], limit: Int = 100) -> [String] {
    let all = jobs.enumerated().map { number, job in
      (
        job.0,
        EndedJob(id: JobID("\(job.0)\(number)")!, finishedAt: Timestamp(milliseconds: Int64(number)), bytes: job.1)
      )
    }
    let ended = Dictionary(grouping: all, by: { ExactText($0.0) }).mapValues { jobs in
      EndedJobs(jobs: jobs.count, bytes: jobs.reduce(0) { $0 + $1.1.bytes })
    }
    return rule.excess(of: ended, limit: limit) { owner in all.filter { $0.0 == owner }.map(\.1) }.map(\.id.description)
  }

  @Test func whoHasMostLosesItsOldestFirst() {
    let one = (0..<5).map { _ in ("a", 100 as Int64) }
    #expect(excess(kept(), one) == [])
    #expect(excess(kept(nil, 5), one) == [] && excess(kept(nil, 3), one) == ["a0", "a1"])
    #expect(excess(kept(nil, nil, 500), one) == [] && excess(kept(nil, nil, 499), one) == ["a0"])
    #expect(excess(kept(nil, nil, 250), one) == ["a0", "a1", "a2"])
    #expect(excess(kept(nil, 4, 150), one) == ["a0", "a1", "a2", "a3"])
    #expect(excess(kept(nil, 1), one, limit: 2) == ["a0", "a1"])
    // The oldest job is the good client's; the flood is someone else's.
    let flood = [("good", 100), ("good", 100)] + (0..<4).map { _ in ("bad", 100 as Int64) }
    #expect(excess(kept(nil, 4), flood) == ["bad2", "bad3"])
    #expect(excess(kept(nil, nil, 450), flood) == ["bad2", "bad3"])
    #expect(excess(kept(nil, nil, 300), [("good", 200), ("bad", 1 << 42)]) == ["bad1"])
    #expect(excess(kept(nil, 2), flood).filter { $0.hasPrefix("good") } == ["good0"], "down to the same share")
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
    let page = try #require(try stage.answer(.listJobs(JobFilter())).page)
    #expect(page.jobs.map(\.id.description).sorted() == kept)
    #expect(try stage.answer(.showJob(JobID("j0")!, wait: 0)).problem == .notFound)
    let ended = try #require(try stage.jobs.ledger.ended()[ExactText("CN=scheduler")])
    #expect(ended.jobs == 3)
    #expect(try stage.state("running") == .running)
    try stage.release()
    #expect(try stage.end("running").state == .succeeded)
  }

  @Test func afterAReloadThatKeepsLessAndInManyTurns() throws {
    let stage = try JobsStage(maxRunning: 100, maxQueued: 1000, clients: "keep_count = 0\n")
    let count = 2 * JobRetention.forgottenATurn + 7
    for number in 0..<count { _ = stage.ask(.submitJob(JobID("j\(number)")!, JobRequest(command: ["/bin/true"]))) }
    try stage.reactor.turns(until: "all have ended") {
      (try? stage.jobs.ledger.ended()[ExactText("CN=scheduler")]?.jobs) == count
    }
    let file = try stage.folder.write("less.toml", "[jobs]\nmax_running = 100\nkeep_count = 1\n")
    let configuration = try AgentConfiguration.load(file: file, environment: [:], isRoot: false)
    stage.jobs.adopt(configuration.jobs, [])
    try stage.reactor.turns(until: "one is left") {
      (try? Folder.names(in: stage.folder.path("jobs")).count) == 1
    }
    #expect(try stage.jobs.ledger.ended()[ExactText("CN=scheduler")]?.jobs == 1)
    #expect(try stage.submit("after", "/bin/true").created == true)
  }
}

/// With less than the required space, a job is refused for that reason, and accepted once there is room again.
struct DiskFloorIsKept {
  @Test func untilThereIsRoom() throws {
    let stage = try JobsStage(clients: "disk_floor = \(Int.max)\n")
    #expect(try stage.submit("a", "/bin/true").problem == .noSpace)
    stage.jobs.diskFloor.bytes = 1
    #expect(try stage.submit("a", "/bin/true").created == true)
    // The same request is answered again, regardless of the space.
    stage.jobs.diskFloor.bytes = Int.max
    #expect(try stage.submit("a", "/bin/true").created == false)
    #expect(try stage.end("a").state == .succeeded)
  }

  @Test func byDefaultATwentiethOfASmallDisk() throws {
    #expect(throws: Never.self) { try DiskFloor(bytes: nil).check(DiskSpace(at: "/no-such-folder")) }
    #expect(throws: Never.self) { try DiskFloor(bytes: 0).check(DiskSpace(at: "/proc")) }
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
    for id in ["a", "c"] { _ = try stage!.shepherd(of: id) }
    stage = nil
    let next = try JobsStage(clients: Self.pools, in: folder)
    _ = try next.jobs.recover()
    #expect(next.jobs.capacity.pools == busy)
    try next.release()
    for id in ["a", "b", "c"] { #expect(try next.end(id).state == .succeeded) }
  }

  @Test func aRuleChoosesOneForItsClient() throws {
    let stage = try JobsStage(
      clients: Self.pools + "[[client]]\ncertificate = \"*\"\ndefault_user = \"nobody\"\npool = \"two\"\n")
    #expect(try stage.submit("a", "/bin/true").status?.pool == "two")
    #expect(try stage.submit("b", "/bin/true", change: { $0.pool = "two" }).status?.pool == "two")
    #expect(try stage.submit("c", "/bin/true", change: { $0.pool = "one" }).problem == .forbidden)
    #expect(try stage.end("a").state == .succeeded)
  }
}
