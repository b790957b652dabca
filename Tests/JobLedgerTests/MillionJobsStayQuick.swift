import AgentProtocol
import TestSupport
import Testing
import Values

@testable import JobLedger

/// Goal: no frequent operation reads or sorts the whole history. Asks SQLite's planner, so that the test is as fast as the ledger.
struct MillionJobsStayQuick {
  @Test(arguments: JobFilter.combinations(clients: ["c1", nil], since: [5, nil]))
  func pagesGoAlongAnIndex(_ combination: JobFilter) throws {
    let bench = try LedgerBench()
    var filter = combination
    filter.cursor = "a.b"
    let plan = try plan(bench.ledger, try JobListing.query(filter).sql)
    let index =
      switch (filter.client, filter.state) {
      case (nil, nil): "job_by_time (submitted_at>? AND submitted_at<?)"
      case (nil, _): "job_by_state (state=? AND submitted_at>? AND submitted_at<?)"
      case (_, nil): "job_by_client (client_thumbprint=? AND submitted_at>? AND submitted_at<?)"
      default: "job_by_client_and_state (client_thumbprint=? AND state=? AND submitted_at>? AND submitted_at<?)"
      }
    // One line only: no "USE TEMP B-TREE FOR ORDER BY" after it.
    #expect(plan == ["SEARCH job USING INDEX \(index)"])
  }

  @Test func pagesOfASubjectGoAlongItsIndex() throws {
    let bench = try LedgerBench()
    var filter = JobFilter()
    filter.state = .failed
    #expect(
      try plan(bench.ledger, try JobListing.query(filter, subject: "CN=a").sql) == [
        "SEARCH job USING INDEX job_by_subject (client_subject=? AND submitted_at>? AND submitted_at<?)"
      ])
  }

  @Test func pagesOfALabelGoAlongItsIndex() throws {
    let bench = try LedgerBench()
    var filter = JobFilter()
    (filter.label, filter.state, filter.client) = (
      JobLabel(name: "a", value: "b"), .failed, Thumbprint(repeating: "c1")
    )
    #expect(
      try plan(bench.ledger, try JobListing.query(filter).sql) == [
        "SEARCH label USING PRIMARY KEY (name=? AND value=? AND at>? AND (at,job)<(?,?))",
        "SEARCH job USING INTEGER PRIMARY KEY (rowid=?)",
      ])
  }

  @Test func theOthersUseAnIndexToo() throws {
    let bench = try LedgerBench()
    let status = try bench.insert("job", labels: ["a": "b"])
    try bench.ledger.update(status, on: .start)
    _ = try bench.ledger.status(of: status.id)
    _ = try bench.ledger.request(of: status.id)
    _ = try bench.ledger.unfinished()
    _ = try bench.ledger.unfinishedCounts()
    _ = try bench.ledger.ended()
    _ = try bench.ledger.endedFirst(limit: 10)
    _ = try bench.ledger.endedFirst(of: "CN=c1", limit: 10)
    try bench.ledger.update(status, on: .exitWithZero)
    try bench.ledger.forgetButID(status.id)
    _ = try bench.ledger.spent(status.id)
    _ = try bench.ledger.forgetSpent(endedBefore: .now(), limit: 10)
    try bench.ledger.delete(status.id)
    let kept = bench.ledger.database.keptStatements.filter { !$0.hasPrefix("PRAGMA") && !$0.contains("sqlite_schema") }
    #expect(kept.count >= 8)
    for sql in kept {
      let plan = try plan(bench.ledger, sql)
      // `ended` has one row per owner, `age` one per hour of the time for which jobs are kept.
      #expect(!plan.contains { $0.hasPrefix("SCAN") && !["SCAN ended", "SCAN age"].contains($0) }, "\(sql): \(plan)")
    }
  }

  private func plan(_ ledger: JobLedger, _ sql: String) throws -> [String] {
    var plan: [String] = []
    try ledger.database.statement("EXPLAIN QUERY PLAN \(sql)").forEach([]) { row throws(LedgerError) in
      plan.append(row.text(3) ?? "")
      return true
    }
    return plan
  }
}
