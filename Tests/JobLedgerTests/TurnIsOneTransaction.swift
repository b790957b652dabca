import AgentProtocol
import Glibc
import Testing

@testable import JobLedger

/// Goal: the changes in a turn are recorded together or not at all.
struct TurnIsOneTransaction {
  @Test func whatIsNotCommittedIsGone() throws {
    let bench = try LedgerBench()
    try bench.insert("kept")
    try bench.ledger.commit()
    try bench.insert("lost")
    #expect(bench.ledger.hasChanges)
    try bench.reopen()
    #expect(try bench.ledger.page(JobFilter()).page.ids == ["kept"])
  }

  @Test func rollbackForgetsAllOfTheTurn() throws {
    let bench = try LedgerBench()
    let kept = try bench.insert("kept", state: .running)
    try bench.ledger.commit()
    #expect(!bench.ledger.hasChanges)
    try bench.ledger.update(kept, on: .exitWithZero)
    try bench.insert("new")
    try bench.ledger.delete(JobID("kept")!)
    bench.ledger.rollback()
    #expect(!bench.ledger.hasChanges)
    #expect(try bench.ledger.page(JobFilter()).page.jobs == [kept])
    #expect(try bench.ledger.request(of: kept.id)?.command == kept.command)
  }

  @Test func aTakenIdLeavesTheOthers() throws {
    let bench = try LedgerBench()
    try bench.insert("one")
    try bench.insert("two")
    let error = try #require(throws: LedgerError.self) { try bench.insert("one") }
    #expect(error.kind == .taken)
    try bench.insert("three")
    try bench.ledger.commit()
    try bench.reopen()
    #expect(try bench.ledger.unfinished().map(\.id.description) == ["one", "two", "three"])
  }

  @Test func aDeletedJobLeavesNothing() throws {
    let bench = try LedgerBench()
    let status = try bench.insert("one")
    try bench.ledger.commit()
    #expect(try bench.ledger.delete(status.id))
    try bench.ledger.commit()
    #expect(try bench.ledger.status(of: status.id) == nil)
    #expect(try bench.ledger.request(of: status.id) == nil)
    try bench.insert("one")
  }

  /// A full disk, simulated with SQLite's own limit on the pages of the file.
  @Test func aFullDiskIsSaidAndWorksAgainLater() throws {
    let bench = try LedgerBench()
    try bench.insert("kept")
    try bench.ledger.commit()
    try bench.ledger.database.execute("PRAGMA max_page_count = 16")
    var request = JobRequest(command: ["/bin/cat"])
    request.stdin = String(repeating: "x", count: 200_000)
    let error = try #require(throws: LedgerError.self) {
      try bench.ledger.insert(.sample("large"), request: request)
      try bench.ledger.commit()
    }
    #expect(error.kind == .full)
    bench.ledger.rollback()
    #expect(try bench.ledger.page(JobFilter()).page.ids == ["kept"])
    try bench.ledger.database.execute("PRAGMA max_page_count = 1000000")
    try bench.ledger.insert(.sample("large"), request: request)
    try bench.ledger.commit()
    #expect(try bench.ledger.request(of: JobID("large")!) == request)
  }
}
