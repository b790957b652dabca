import AgentProtocol

extension JobLedger {
  /// The status of a job, `nil` if it is unknown.
  public func status(of id: JobID) throws(LedgerError) -> JobStatus? {
    try database.statement("SELECT \(JobRow.columns) FROM job WHERE id = ?")
      .first(.text(id.description), read: JobRow.status)
  }

  /// What the client asked for when it submitted the job, `nil` if the job is unknown.
  public func request(of id: JobID) throws(LedgerError) -> JobRequest? {
    try database.statement("SELECT body FROM request WHERE sequence = (SELECT sequence FROM job WHERE id = ?)")
      .first(.text(id.description), read: JobRow.request)
  }

  /// A page of jobs, newest first (by time of submission, then by order of insertion). Jobs that are inserted while somebody
  /// pages shift nothing: no job is shown twice or left out.
  ///
  /// A page may hold fewer jobs than `limit` although there are more; the cursor says whether there are.
  ///
  /// - Parameter subject: only jobs that a client of this subject submitted.
  /// - Throws: `LedgerError`; `.badCursor` if the filter's cursor is none that a page gave.
  public func page(_ filter: JobFilter, subject: String? = nil) throws(LedgerError) -> JobPage {
    try JobListing.page(filter, subject: subject, from: database)
  }

  /// All jobs that have not ended, in order of their insertion.
  public func unfinished() throws(LedgerError) -> [JobStatus] {
    var jobs: [JobStatus] = []
    try database.statement("SELECT \(JobRow.columns) FROM job WHERE state IN (\(Self.unfinished)) ORDER BY sequence")
      .forEach([]) { row throws(LedgerError) in
        jobs.append(try JobRow.status(row))
        return true
      }
    return jobs
  }

  /// How many jobs are in each state that is not final; states without jobs are left out.
  public func unfinishedCounts() throws(LedgerError) -> [JobState: Int] {
    var counts: [JobState: Int] = [:]
    try database.statement("SELECT state, count(*) FROM job WHERE state IN (\(Self.unfinished)) GROUP BY state")
      .forEach([]) { row throws(LedgerError) in
        counts[try row.required(row.text(0).flatMap(JobState.init), "state")] = Int(row.integer(1) ?? 0)
        return true
      }
    return counts
  }

  private static let unfinished = JobState.allCases.filter { !$0.isFinal }.map { "'\($0.rawValue)'" }
    .joined(separator: ", ")
}
