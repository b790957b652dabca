import AgentProtocol
import Values
import Wording

/// Creates pages of jobs, newest first. Each page starts where the previous one ended (keyset), so that every page costs the same.
struct JobListing {
  /// The maximum size of commands, labels and reasons on a page, in bytes, including a fixed share for each job.
  ///
  /// As JSON, the page has to fit into one frame of the supervisor's link.
  static let pageBytes = 2 << 20
  private static let bytesOfOthers = 1024

  /// The maximum number of jobs examined for a page of jobs with a label or of one subject, where no index covers the other conditions.
  ///
  /// A page of rare jobs may be empty although there are more, but costs no more than another.
  static let mostExamined = 2000

  /// Returns the statement that finds the jobs of a filter, and its values.
  static func query(
    _ filter: JobFilter, subject: String? = nil
  ) throws(LedgerError) -> (sql: String, values: [SQLValue]) {
    var (conditions, values): ([String], [SQLValue]) = ([], [])
    if let label = filter.label {
      conditions.append("label.name = ? AND label.value = ?")
      values += [.text(label.name), .text(label.value)]
    } else if let subject {
      conditions.append("client_subject = ?")
      values.append(.text(subject))
    } else {
      if let client = filter.client {
        conditions.append("client_thumbprint = ?")
        values.append(.text(client.description))
      }
      if let state = filter.state {
        conditions.append("state = ?")
        values.append(.text(state.rawValue))
      }
    }
    let (source, at, sequence) =
      filter.label == nil
      ? ("job", "submitted_at", "sequence") : ("label JOIN job ON sequence = label.job", "label.at", "label.job")
    let start = try filter.cursor.map(Cursor.init(reading:)) ?? .newest
    conditions.append("(\(at), \(sequence)) < (?, ?) AND \(at) >= ?")
    values += [.integer(start.submittedAt), .integer(start.sequence), .integer(filter.since?.milliseconds ?? .min)]
    // One more than fits, to detect whether there are others.
    let isExact = filter.label == nil && subject == nil
    values.append(.integer(Int64(isExact ? limit(filter) : mostExamined) + 1))
    return (
      """
      SELECT \(JobRow.columns) FROM \(source) WHERE \(conditions.joined(separator: " AND "))
      ORDER BY \(at) DESC, \(sequence) DESC LIMIT ?
      """, values
    )
  }

  static func page(
    _ filter: JobFilter, subject: String?, _ present: (JobStatus) -> JobStatus, from database: Database
  ) throws(LedgerError) -> JobPageDocument {
    let (sql, values) = try query(filter, subject: subject)
    let limit = limit(filter)
    var (jobs, count) = (JSONWriter(), 0)
    var cursor: String?
    var (bytes, examined) = (0, 0)
    var last = Cursor.newest
    try database.statement(sql).forEach(values) { row throws(LedgerError) in
      examined += 1
      let isWanted = isWanted(row, filter, subject)
      if isWanted { bytes += JobRow.size(row) + bytesOfOthers }
      if count == limit || (bytes > pageBytes && count > 0) || examined > mostExamined {
        cursor = last.description
        return false
      }
      if isWanted {
        jobs.separate()
        try JobRow.write(row, present, to: &jobs)
        count += 1
      }
      last = JobRow.place(row)
      return true
    }
    return JobPageDocument(jobs: jobs, count: count, cursor: cursor)
  }

  // Checks the conditions that the statement does not cover.
  private static func isWanted(_ row: Row, _ filter: JobFilter, _ subject: String?) -> Bool {
    guard filter.label != nil || subject != nil else { return true }
    return (subject.map { row.text(JobRow.subjectColumn)?.isSame(as: $0) == true } ?? true)
      && (filter.state.map { row.text(JobRow.stateColumn) == $0.rawValue } ?? true)
      && (filter.client.map { row.text(JobRow.clientColumn).flatMap(Thumbprint.init(canonical:)) == $0 } ?? true)
  }

  private static func limit(_ filter: JobFilter) -> Int { min(max(filter.limit, 1), JobFilter.maximumLimit) }
}

/// A place between two jobs in the order of pages; opaque to clients.
struct Cursor: CustomStringConvertible {
  let submittedAt: Int64
  let sequence: Int64

  /// The place before the newest job.
  static let newest = Cursor(submittedAt: .max, sequence: .max)

  init(submittedAt: Int64, sequence: Int64) {
    self.submittedAt = submittedAt
    self.sequence = sequence
  }

  init(reading text: String) throws(LedgerError) {
    let parts = text.parts(at: ".")
    guard text.utf8.count <= 64, parts.count == 2, let submittedAt = Int64(parts[0], radix: 36),
      let sequence = Int64(parts[1], radix: 36)
    else { throw LedgerError(.badCursor, "the cursor does not come from a page of jobs") }
    self.init(submittedAt: submittedAt, sequence: sequence)
  }

  var description: String { "\(String(submittedAt, radix: 36)).\(String(sequence, radix: 36))" }
}
