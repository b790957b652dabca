import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// An accepted job runs once, in its turn, and its end is reported to all who ask.
struct JobsRunOnceInOrder {
  private static let ends: [(command: [String], state: JobState, code: Int32?, signal: String?)] = [
    (["/bin/true"], .succeeded, 0, nil),
    (["/bin/sh", "-c", "exit 7"], .failed, 7, nil),
    (["/bin/sh", "-c", "kill -9 $$"], .killed, nil, "SIGKILL"),
    (["/no/such/program"], .couldNotStart, nil, nil),
  ]

  @Test(arguments: ends)
  func everyEndReachesWhoWaits(command: [String], state: JobState, code: Int32?, signal: String?) throws {
    let stage = try JobsStage()
    let submitted = try stage.answer(.submitJob(JobID("a")!, JobRequest(command: command)))
    #expect(submitted.created == true && submitted.status?.state == .accepted)
    let end = try stage.end("a")
    #expect(end.state == state && end.exitCode == code && end.signal == signal)
    #expect(end.finishedAt != nil)
    #expect(try stage.state("a") == state)
  }

  @Test func anUnknownUserIsToldAsTheJobsEnd() throws {
    let stage = try JobsStage()
    guard geteuid() == 0 else { return }
    _ = try stage.submit("a", "/bin/true") { $0.user = "no-such-user" }
    let end = try stage.end("a")
    #expect(end.state == .couldNotStart && end.reason?.contains("no-such-user") == true)
  }

  @Test func theSameSubmitAgainStartsNothing() throws {
    let stage = try JobsStage()
    let mark = stage.folder.path("mark")
    try stage.folder.write("mark", "", mode: 0o666)
    let command = ["/bin/sh", "-c", "echo x >> \(mark)"]
    let job = JobRequest(command: command)
    let both = [stage.ask(.submitJob(JobID("a")!, job)), stage.ask(.submitJob(JobID("a")!, job))]
    try stage.reactor.turns(until: "both answers") { both.allSatisfy { $0.answer != nil } }
    #expect(both.map(\.created) == [true, false])
    #expect(try stage.end("a").state == .succeeded)
    #expect(try stage.answer(.submitJob(JobID("a")!, job)).created == false)
    #expect(try stage.submit("a", "/bin/false").problem == .conflict)
    #expect(try stage.folder.read("mark") == "x\n")
  }

  @Test func beyondThePlacesJobsWaitInOrderAndBeyondTheQueueTheyAreRefused() throws {
    let stage = try JobsStage(maxRunning: 1, maxQueued: 2)
    let order = stage.folder.path("order")
    try stage.folder.write("order", "", mode: 0o666)
    var wait = stage.untilReleased()
    wait[2] += "; echo a >> \(order)"
    _ = try stage.answer(.submitJob(JobID("a")!, JobRequest(command: wait)))
    for name in ["b", "c"] {
      #expect(try stage.submit(name, "/bin/sh", "-c", "echo \(name) >> \(order)").status?.state == .queued)
    }
    #expect(try stage.submit("d", "/bin/true").problem == .full)
    #expect(stage.jobs.capacity == Capacity(maxRunning: 1, maxQueued: 2, running: 1, queued: 2))
    try stage.release()
    #expect(try stage.end("c").state == .succeeded)
    #expect(try stage.folder.read("order") == "a\nb\nc\n")
    #expect(try stage.answer(.showJob(JobID("d")!, wait: 0)).problem == .notFound)
  }

  @Test func aWaitEndsWithItsTime() throws {
    let stage = try JobsStage()
    _ = try stage.answer(.submitJob(JobID("a")!, JobRequest(command: stage.untilReleased())))
    #expect(try stage.answer(.showJob(JobID("a")!, wait: 0.05)).status?.state == .running)
    let (waiting, abandoned) = (stage.ask(.showJob(JobID("a")!, wait: 60)), stage.ask(.showJob(JobID("a")!, wait: 60)))
    abandoned.request.abandon()
    try stage.release()
    try stage.reactor.turns(until: "the end") { waiting.answer != nil }
    #expect(waiting.status?.state == .succeeded)
    #expect(abandoned.answer == nil)
  }

  @Test func listsShowWhatWasTakenIn() throws {
    let stage = try JobsStage()
    for name in ["a", "b", "c"] { _ = try stage.submit(name, "/bin/true") }
    let page = try #require(try stage.answer(.listJobs(JobFilter())).page)
    #expect(page.jobs.map(\.id.description) == ["c", "b", "a"])
    var filter = JobFilter()
    filter.cursor = "nonsense"
    #expect(try stage.answer(.listJobs(filter)).problem == .badRequest)
  }

  @Test func whoIsStoppingTakesNothingIn() throws {
    let stage = try JobsStage()
    stage.jobs.isStopping = true
    #expect(try stage.submit("a", "/bin/true").problem == .unavailable)
    #expect(try stage.answer(.showJob(JobID("a")!, wait: 0)).problem == .notFound)
  }
}
