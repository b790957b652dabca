import AgentProtocol

/// Pages of jobs, newest first, each found by where the one before ended (keyset): no page costs more than another.
struct JobListing {
  /// The most bytes of commands, labels and reasons on one page, with a fixed share for each job: it has to fit in one frame of the
  /// supervisor's link, as JSON.
  static let pageBytes = 2 << 20
  private static let bytesOfOthers = 1024

  /// The statement that finds the jobs of a filter, and its values.
  static func query(_ filter: JobFilter) throws(LedgerError) -> (sql: String, values: [SQLValue]) {
    var conditions: [String] = []
    var values: [SQLValue] = []
    if let client = filter.client {
      conditions.append("client_thumbprint = ?")
      values.append(.text(client))
    }
    if let state = filter.state {
      conditions.append("state = ?")
      values.append(.text(state.rawValue))
    }
    let start = try filter.cursor.map(Cursor.init(reading:)) ?? .newest
    conditions.append("(submitted_at, sequence) < (?, ?) AND submitted_at >= ?")
    values += [.integer(start.submittedAt), .integer(start.sequence)]
    values.append(.integer(filter.since?.milliseconds ?? .min))
    // One more than fits, to know whether there are others.
    values.append(.integer(Int64(limit(filter)) + 1))
    return (
      """
      SELECT \(JobRow.columns) FROM job WHERE \(conditions.joined(separator: " AND "))
      ORDER BY submitted_at DESC, sequence DESC LIMIT ?
      """, values
    )
  }

  static func page(_ filter: JobFilter, from database: Database) throws(LedgerError) -> JobPage {
    let (sql, values) = try query(filter)
    let limit = limit(filter)
    var page = JobPage(jobs: [], cursor: nil)
    var bytes = 0
    var last = Cursor.newest
    try database.statement(sql).forEach(values) { row throws(LedgerError) in
      bytes += JobRow.size(row) + bytesOfOthers
      if page.jobs.count == limit || (bytes > pageBytes && !page.jobs.isEmpty) {
        page.cursor = last.description
        return false
      }
      let status = try JobRow.status(row)
      page.jobs.append(status)
      last = Cursor(
        submittedAt: status.submittedAt.milliseconds, sequence: row.integer(JobRow.sequenceColumn) ?? 0)
      return true
    }
    return page
  }

  private static func limit(_ filter: JobFilter) -> Int { min(max(filter.limit, 1), JobFilter.maximumLimit) }
}

/// A place between two jobs in the order of the pages; to clients an opaque word.
struct Cursor: CustomStringConvertible {
  let submittedAt: Int64
  let sequence: Int64

  /// Before the newest job.
  static let newest = Cursor(submittedAt: .max, sequence: .max)

  init(submittedAt: Int64, sequence: Int64) {
    self.submittedAt = submittedAt
    self.sequence = sequence
  }

  init(reading text: String) throws(LedgerError) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard text.utf8.count <= 64, parts.count == 2, let submittedAt = Int64(parts[0], radix: 36),
      let sequence = Int64(parts[1], radix: 36)
    else { throw LedgerError(.badCursor, "the cursor is not one that a page of jobs gave") }
    self.init(submittedAt: submittedAt, sequence: sequence)
  }

  var description: String { "\(String(submittedAt, radix: 36)).\(String(sequence, radix: 36))" }
}
