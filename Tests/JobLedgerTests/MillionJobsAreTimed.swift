import AgentProtocol
import Glibc
import Testing
import Wording

@testable import JobLedger

/// Goal: with a million ended jobs, opening the ledger, a page, a submit and forgetting take as long as with two thousand. `make million`
/// runs it and shows the figures; creating the million takes longer than all other tests of the ledger.
@Suite(.enabled(if: getenv("AGENTD_MILLION") != nil, "make million runs it"))
struct MillionJobsAreTimed {
  private static let million = 1_000_000
  /// Enough to have something to measure.
  private static let few = 2000

  @Test func besideASmallLedger() throws {
    let small = try LedgerBench()
    let full = try LedgerBench()
    try fill(small, Self.few)
    try fill(full, Self.million)
    for (what, work) in Self.work {
      let (few, many) = (try median(small, work), try median(full, work))
      print("\(what): \(few) with two thousand, \(many) with a million")
      // Allows for the noise of a disk: work that grows with the number would take a thousand times as long.
      #expect(many < few * 5 + .milliseconds(20), "\(what)")
    }
    #expect(try full.ledger.ended().values.reduce(0) { $0 + $1.jobs } <= Self.million)
  }

  private static var work: [(String, (LedgerBench, Int) throws -> Void)] {
    [
      (
        "open, with what a start reads",
        { bench, _ in
          try bench.reopen()
          _ = try bench.ledger.unfinished()
          _ = try bench.ledger.ended()
        }
      ),
      ("page of 100", { bench, _ in _ = try bench.ledger.page(JobFilter()) }),
      ("page of 100 of a subject", { bench, _ in _ = try bench.ledger.page(JobFilter(), subject: "CN=c1") }),
      (
        "submit",
        { bench, number in
          try bench.insert("new-\(number)", at: 2_000_000_000_000)
          try bench.ledger.commit()
        }
      ),
      (
        "forget 50",
        { bench, _ in
          for job in try bench.ledger.endedFirst(limit: 50) { try bench.ledger.delete(job.id) }
          try bench.ledger.commit()
        }
      ),
    ]
  }

  private func median(_ bench: LedgerBench, _ work: (LedgerBench, Int) throws -> Void) throws -> Duration {
    let clock = ContinuousClock()
    return try (0..<21).map { number in try clock.measure { try work(bench, number) } }.sorted()[10]
  }

  private func fill(_ bench: LedgerBench, _ count: Int) throws {
    try bench.ledger.database.execute(
      """
      BEGIN;
      WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < \(count))
      INSERT INTO job (id, state, user, client_subject, client_thumbprint, command, submitted_at, started_at, output_bytes)
        SELECT 'old-' || n, 'succeeded', 'batch', 'CN=c' || (n % 10), printf('%064d', n % 10), '["/bin/true"]', n, n, 100 FROM number;
      INSERT INTO request (sequence, body) SELECT sequence, CAST('{"command":["/bin/true"]}' AS BLOB) FROM job;
      UPDATE job SET finished_at = submitted_at + 1, disk_bytes = 4096;
      COMMIT;
      """)
    let ended = try bench.ledger.ended()
    #expect(
      ended.count == 10 && ended[ExactText("CN=c1")] == EndedJobs(jobs: count / 10, bytes: Int64(count / 10) * 4096))
  }
}
