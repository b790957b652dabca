import AgentProtocol
import TestSupport
import Testing
import Values

@testable import JobLedger

/// Goal: what was recorded is read back exactly, also by the next process.
struct EveryFieldComesBack {
  static let odd = "a\n\"b\" \u{0}\u{1}\u{7f}\u{2013}\u{1F600}\\"

  @Test func statusAndRequest() throws {
    let bench = try LedgerBench()
    var request = JobRequest(command: ["/bin/echo", "", "two\nlines", "–"])
    request.user = "batch"
    request.directory = "/srv/data"
    request.environment = ["LC_ALL": "C", "EMPTY": ""]
    request.stdin = Self.odd
    request.timeout = 0.25
    request.labels = ["k": Self.odd]
    request.outputLimit = 1 << 40
    request.stderr = .separate
    var status = JobStatus(
      accepted: JobID("nightly-2026.11_23")!, command: request.command, user: "batch",
      client: ClientIdentity(subject: "CN=scheduler,O=Example \"x\"", thumbprint: Thumbprint(repeating: "ab")),
      at: Timestamp(milliseconds: 1_763_900_000_123), labels: request.labels)
    // A job that starts at once is recorded with the time of its order.
    status.startedAt = Timestamp(milliseconds: 1_763_900_000_123)
    try bench.ledger.insert(status, request: request)
    #expect(try bench.ledger.status(of: status.id) == status)

    try bench.ledger.update(status, on: .start)
    status.state = .failed
    status.exitCode = 255
    status.signal = "SIGKILL"
    status.reason = "b: ü\n"
    status.startedAt = Timestamp(milliseconds: 1_763_900_000_124)
    status.finishedAt = Timestamp(milliseconds: 1_763_900_000_999)
    status.cpuSeconds = 0.412_345
    status.peakMemoryBytes = 9_125_888
    status.outputBytes = Int64(1) << 40
    status.stderrBytes = 12
    status.outputBytesDropped = 0
    status.diskWasFull = true
    status.killed = 3
    status.left = 1
    #expect(try bench.ledger.update(status, on: .exitWithOther) == status)
    try bench.ledger.commit()
    try bench.reopen()
    #expect(try bench.ledger.status(of: status.id) == status)
    #expect(try bench.ledger.request(of: status.id) == request)
    #expect(try bench.ledger.page(JobFilter()).page.jobs == [status])
  }

  @Test(arguments: JobState.allCases)
  func state(_ state: JobState) throws {
    let bench = try LedgerBench()
    let status = try bench.insert("job", state: state)
    #expect(try bench.ledger.status(of: status.id)?.state == state)
    #expect(try bench.ledger.unfinished().isEmpty == state.isFinal)
    #expect(try bench.ledger.unfinishedCounts() == (state.isFinal ? [:] : [state: 1]))
  }

  @Test func unknownJobs() throws {
    let bench = try LedgerBench()
    let nobody = JobID("nobody")!
    #expect(try bench.ledger.status(of: nobody) == nil)
    #expect(try bench.ledger.request(of: nobody) == nil)
    #expect(try bench.ledger.delete(nobody) == false)
    try bench.ledger.update(.sample("nobody"), on: .start)
    try bench.ledger.commit()
    #expect(try bench.ledger.page(JobFilter()).page.jobs.isEmpty)
  }
}
