import AgentProtocol
import TestSupport
import Testing
import Values

@testable import JobLedger

/// Goal: jobs are found by exact label, in pages like all others, and a rare match among many jobs costs no more than a page.
struct LabelsFindJobs {
  private func pages(_ bench: LedgerBench, _ filter: JobFilter) throws -> (ids: [String], pages: Int) {
    var (filter, ids, pages) = (filter, [String](), 0)
    repeat {
      let page = try bench.ledger.page(filter).page
      ids += page.ids
      pages += 1
      filter.cursor = page.cursor
    } while filter.cursor != nil
    return (ids, pages)
  }

  private func filter(_ name: String, _ value: String) -> JobFilter {
    var filter = JobFilter()
    filter.label = JobLabel(name: name, value: value)
    return filter
  }

  @Test func nameAndValueAndOtherConditions() throws {
    let bench = try LedgerBench()
    for number in 0..<12 {
      try bench.insert(
        "job-\(number)", state: number % 2 == 0 ? .failed : .running, client: number < 6 ? "c1" : "c2",
        at: Int64(number),
        labels: number % 3 == 0 ? ["chain": "a=b", "odd": EveryFieldComesBack.odd] : ["chain": "other"])
    }
    var wanted = filter("chain", "a=b")
    wanted.limit = 2
    #expect(try pages(bench, wanted).ids == ["job-9", "job-6", "job-3", "job-0"])
    #expect(try pages(bench, filter("odd", EveryFieldComesBack.odd)).ids.count == 4)
    #expect(try pages(bench, filter("chain", "a")).ids == [])
    wanted.state = .failed
    #expect(try pages(bench, wanted).ids == ["job-6", "job-0"])
    wanted.client = Thumbprint(repeating: "c2")
    #expect(try pages(bench, wanted).ids == ["job-6"])
    (wanted.state, wanted.since) = (nil, Timestamp(milliseconds: 7))
    #expect(try pages(bench, wanted).ids == ["job-9"])
  }

  @Test func rareMatchesAreFoundOverManyPages() throws {
    let bench = try LedgerBench()
    let count = JobListing.mostExamined * 2 + 10
    for number in 0..<count {
      try bench.insert(
        "job-\(number)", state: number == 3 ? .failed : .succeeded, at: Int64(number), labels: ["env": "prod"])
    }
    var wanted = filter("env", "prod")
    wanted.state = .failed
    let found = try pages(bench, wanted)
    #expect(found.ids == ["job-3"])
    #expect(found.pages == 3)
  }

  @Test func aForgottenJobIsNotFound() throws {
    let bench = try LedgerBench()
    let status = try bench.insert("job", state: .failed, labels: ["a": "b"])
    try bench.ledger.delete(status.id)
    try bench.ledger.commit()
    let left = try bench.ledger.database.statement("SELECT count(*) FROM label").first { row throws(LedgerError) in
      row.integer(0)
    }
    #expect(left == 0)
  }
}
