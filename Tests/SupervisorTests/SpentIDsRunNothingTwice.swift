import AgentProtocol
import Glibc
import JobLedger
import SystemCalls
import TestSupport
import Testing
import Values
import Wording

@testable import Supervisor

/// Retention cannot be used against others, nor against at-most-once: an id stays spent when its record was deleted for lack of room, sizes
/// are those on disk, and no size is too large to record.
struct SpentIDsRunNothingTwice {
  private static func client(_ subject: String) -> VerifiedClient {
    VerifiedClient(ClientIdentity(subject: subject, thumbprint: Thumbprint(repeating: "00")))
  }

  @Test func aSubmitThatIsRepeatedAfterItsRecordWasForgotten() throws {
    var stage: JobsStage? = try JobsStage(clients: "keep_count = 1\n")
    let folder = try #require(stage?.folder)
    let marks = folder.path("marks")
    let job = JobRequest(command: ["/bin/sh", "-c", "echo once >> \(marks); exit 3"])
    chmod(folder.path, 0o777)
    _ = try stage!.answer(.submitJob(JobID("a")!, job))
    #expect(try stage!.end("a").exitCode == 3)
    _ = try stage!.submit("b", "/bin/true")
    _ = try stage!.end("b")
    try stage!.reactor.turns(until: "a is forgotten") { (try? Folder.names(in: folder.path("jobs"))) == ["b"] }
    for isRestarted in [false, true] {
      if isRestarted {
        stage = nil
        stage = try JobsStage(clients: "keep_count = 1\n", in: folder)
      }
      let again = try stage!.answer(.submitJob(JobID("a")!, job))
      #expect(again.created == false && again.status?.state == .failed && again.status?.exitCode == 3)
      #expect(again.status?.reason?.contains("ran before") == true)
      #expect(try stage!.submit("a", "/bin/true").problem == .conflict)
      #expect(try stage!.answer(.submitJob(JobID("a")!, job), as: Self.client("CN=other")).problem == nil)
    }
    #expect(try String(contentsOfFile: marks) == "once\n")
  }

  @Test func theFloodOfOneClientForgetsNobodyElsesJobs() throws {
    let tables = ["good", "bad"].map { "[[client]]\ncertificate = \"CN=\($0)\"\ndefault_user = \"nobody\"\n" }.joined()
    let stage = try JobsStage(maxRunning: 2, maxQueued: 100, clients: "keep_bytes = 1000000\n" + tables)
    let (good, bad) = (Self.client("CN=good"), Self.client("CN=bad"))
    let hello = JobRequest(command: ["/bin/echo", "hello"])
    _ = try stage.answer(.submitJob(JobID("mine")!, hello), as: good)
    _ = try stage.answer(.showJob(JobID("mine")!, wait: 60), as: good)
    for number in 0..<3 {
      let flood = JobRequest(command: ["/bin/dd", "if=/dev/zero", "bs=100k", "count=6", "status=none"])
      _ = try stage.answer(.submitJob(JobID("flood-\(number)")!, flood), as: bad)
      _ = try stage.answer(.showJob(JobID("flood-\(number)")!, wait: 60), as: bad)
    }
    try stage.reactor.turns(until: "the flood's first two are forgotten") {
      (try? Folder.names(in: stage.folder.path("jobs")))?.contains { $0.hasSuffix("flood-1") } == false
    }
    // Each in the space of its client: the folder's name ends in the id.
    #expect(
      Set(try Folder.names(in: stage.folder.path("jobs")).map { $0.split(separator: "~").last ?? "" })
        == ["flood-2", "mine"])
    #expect(try stage.answer(.showJob(JobID("mine")!, wait: 0), as: good).status?.state == .succeeded)
  }

  /// A file with a hole of 11 GiB uses a few KiB of the disk. No job can make one, but an administrator can.
  @Test func aFileWithAHoleCountsForWhatItTakes() throws {
    let stage = try JobsStage(clients: "output_limit = 9223372036854775807\nkeep_bytes = 1000000\n")
    _ = try stage.submit("before", "/bin/true")
    _ = try stage.end("before")
    let id = JobID("sparse")!
    _ = try stage.answer(.submitJob(id, JobRequest(command: stage.untilReleased())))
    try stage.reactor.turns(until: "it runs") { stage.jobs.launcher.outputBytes(of: id) != nil }
    try #require(truncate(stage.jobs.launcher.outputPath(of: id), 11 << 30) == 0)
    try stage.release()
    #expect(try stage.end("sparse").outputBytes == 11 << 30)
    let ended = try #require(try stage.jobs.ledger.ended()[ExactText("CN=scheduler")])
    #expect(ended.jobs == 2 && ended.bytes < 1_000_000)
  }

  @Test func noSizeIsTooLargeToBeRecorded() throws {
    let folder = try TemporaryFolder()
    let ledger = try JobLedger(path: folder.path("ledger.sqlite"))
    for number in 0..<3 {
      var status = JobStatus(
        accepted: JobID("j\(number)")!, command: ["/bin/true"], user: "nobody", client: JobsStage.client.identity,
        at: .now(), labels: [:])
      try ledger.insert(status, request: JobRequest(command: ["/bin/true"]), then: .start)
      (status.finishedAt, status.outputBytes, status.stderrBytes) = (.now(), .max, .max)
      try ledger.update(status, on: .exitWithZero, diskBytes: .max)
    }
    try ledger.commit()
    #expect(try ledger.ended()[ExactText("CN=scheduler")]?.jobs == 3)
    #expect(try ledger.status(of: JobID("j2")!)?.outputBytes == .max)
    for number in 0..<3 { try ledger.delete(JobID("j\(number)")!) }
    try ledger.commit()
    #expect(try ledger.ended().isEmpty)
  }

  @Test func aSpentIDIsFreeWhenItsTimeIsOver() throws {
    let folder = try TemporaryFolder()
    let ledger = try JobLedger(path: folder.path("ledger.sqlite"))
    var status = JobStatus(
      accepted: JobID("a")!, command: ["/bin/true"], user: "nobody", client: JobsStage.client.identity, at: .now(),
      labels: [:])
    let request = JobRequest(command: ["/bin/true"])
    try ledger.insert(status, request: request, then: .start)
    status.finishedAt = Timestamp(milliseconds: 1000)
    try ledger.update(status, on: .exitWithZero)
    try ledger.forgetButID(status.id)
    #expect(try ledger.status(of: status.id) == nil && ledger.spent(status.id)?.state == .succeeded)
    #expect(throws: LedgerError.self) { try ledger.insert(status, request: request) }
    #expect(try ledger.forgetSpent(endedBefore: Timestamp(milliseconds: 1000), limit: 10) == 0)
    #expect(try ledger.forgetSpent(endedBefore: Timestamp(milliseconds: 1001), limit: 10) == 1)
    try ledger.insert(status, request: request)
    try ledger.commit()
  }
}

extension String {
  fileprivate init(contentsOfFile path: String) throws {
    self = String(decoding: try DurableFile.read(path, limit: 1 << 20), as: UTF8.self)
  }
}
