import AgentProtocol
import Testing
import Values

@testable import JobLedger

/// Goal: paging through the history shows each job once, newest first, whatever is submitted meanwhile.
struct PagesMissNothing {
  @Test func pagingWhileJobsAreInserted() throws {
    let bench = try LedgerBench()
    // Five per millisecond: time alone does not order them.
    for number in 0..<100 { try bench.insert("job-\(number)", at: Int64(number / 5)) }
    var filter = JobFilter()
    filter.limit = 7
    var seen: [String] = []
    repeat {
      let page = try bench.ledger.page(filter).page
      #expect(page.jobs.count == 7 || page.cursor == nil)
      seen += page.ids
      filter.cursor = page.cursor
      try bench.insert("late-\(seen.count)", at: 1000)
    } while filter.cursor != nil
    #expect(seen == (0..<100).reversed().map { "job-\($0)" })
  }

  @Test func theLastPageHasNoCursor() throws {
    let bench = try LedgerBench()
    for number in 0..<10 { try bench.insert("job-\(number)", at: Int64(number)) }
    var filter = JobFilter()
    filter.limit = 10
    #expect(try bench.ledger.page(filter).page.cursor == nil)
    filter.limit = 9
    filter.cursor = try bench.ledger.page(filter).page.cursor
    #expect(filter.cursor != nil)
    #expect(try bench.ledger.page(filter).page.ids == ["job-0"])
  }

  @Test(arguments: JobFilter.combinations(clients: ["c1", "c3", nil], since: [15, 99, nil]))
  func filters(_ combination: JobFilter) throws {
    let (state, client, since) = (combination.state, combination.client, combination.since)
    let bench = try LedgerBench()
    var all: [JobStatus] = []
    for number in 0..<30 {
      all.append(
        try bench.insert(
          "job-\(number)", state: number % 3 == 0 ? .failed : .succeeded, client: number % 2 == 0 ? "c1" : "c2",
          at: Int64(number)))
    }
    let expected = all.reversed().filter {
      (state == nil || $0.state == state) && (client == nil || $0.client.thumbprint == client)
        && $0.submittedAt >= since ?? Timestamp(milliseconds: 0)
    }
    var filter = combination
    filter.limit = 4
    var seen: [JobStatus] = []
    repeat {
      let page = try bench.ledger.page(filter).page
      seen += page.jobs
      filter.cursor = page.cursor
    } while filter.cursor != nil
    #expect(seen == expected)
  }

  /// A page must fit in a frame of the link, however large its jobs are.
  @Test func largeJobsMakeSmallerPages() throws {
    let bench = try LedgerBench()
    let large = String(repeating: "x", count: 100_000)
    for number in 0..<50 {
      var status = JobStatus.sample("job-\(number)", at: Int64(number))
      status.command = ["/bin/echo", large]
      try bench.ledger.insert(status, request: JobRequest(command: status.command))
    }
    var filter = JobFilter()
    var sizes: [Int] = []
    repeat {
      let page = try bench.ledger.page(filter).page
      sizes.append(page.jobs.count)
      filter.cursor = page.cursor
    } while filter.cursor != nil
    #expect(sizes.reduce(0, +) == 50)
    #expect(sizes.max()! * large.utf8.count <= JobListing.pageBytes)
  }

  @Test(arguments: ["", ".", "1", "1.", ".1", "1.2.3", "1 .2", "zzzzzzzzzzzzzzzzzzzz.1", "1.'; DROP TABLE job", "é.1"])
  func aForeignCursorIsRefused(_ cursor: String) throws {
    let bench = try LedgerBench()
    var filter = JobFilter()
    filter.cursor = cursor
    let error = try #require(throws: LedgerError.self) { try bench.ledger.page(filter).page }
    #expect(error.kind == .badCursor)
  }

  @Test(arguments: [(0, 1), (-5, 1), (5000, 1000)])
  func theLimitIsKeptInRange(_ limit: Int, _ shown: Int) throws {
    let bench = try LedgerBench()
    for number in 0..<1001 { try bench.insert("job-\(number)") }
    var filter = JobFilter()
    filter.limit = limit
    #expect(try bench.ledger.page(filter).page.jobs.count == shown)
  }
}
