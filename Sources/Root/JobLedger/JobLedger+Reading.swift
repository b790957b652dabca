import AgentProtocol

extension JobLedger {
  /// Returns the status of a job, `nil` if it is unknown.
  public func status(of id: JobID) throws(LedgerError) -> JobStatus? {
    try database.statement("SELECT \(JobRow.columns) FROM job WHERE id = ?")
      .first(.text(id.key), read: JobRow.status)
  }

  /// Returns what the client asked for when it submitted the job, `nil` if the job is unknown.
  public func request(of id: JobID) throws(LedgerError) -> JobRequest? {
    try database.statement("SELECT body FROM request WHERE sequence = (SELECT sequence FROM job WHERE id = ?)")
      .first(.text(id.key), read: JobRow.request)
  }

  /// Returns the newest job with this ID in the ID space of a single owner; `nil` if there is none.
  public func newestOwn(_ id: JobID) throws(LedgerError) -> JobID? {
    try database.statement("SELECT id FROM job WHERE own_id = ? ORDER BY sequence DESC LIMIT 1")
      .first(.text(id.description)) { row throws(LedgerError) in
        try row.required(row.text(0).flatMap(JobID.init(key:)), "id")
      }
  }

  /// Returns who submitted the job, with the names that the certificate had then; `nil` if the job is unknown.
  public func client(of id: JobID) throws(LedgerError) -> RecordedClient? {
    try database.statement("SELECT client_subject, client_thumbprint, client_names FROM job WHERE id = ?")
      .first(.text(id.key), read: JobRow.client)
  }

  /// Returns a page of jobs, newest first (by time of submission, then by order of insertion).
  ///
  /// Jobs inserted between pages shift nothing: no job is shown twice or left out.
  ///
  /// A page may hold fewer jobs than `limit` although there are more; the cursor tells whether there are.
  ///
  /// - Parameters:
  ///   - subject: only jobs submitted by a client with this subject.
  ///   - present: returns what is to be shown of a job; it is given a status without command and labels, which are shown as recorded.
  /// - Throws: `LedgerError`; `.badCursor` if the filter's cursor does not come from a page.
  public func page(
    _ filter: JobFilter, subject: String? = nil, _ present: (JobStatus) -> JobStatus = { $0 }
  ) throws(LedgerError) -> JobPageDocument {
    try JobListing.page(filter, subject: subject, present, from: database)
  }

  /// Returns all jobs that have not ended, in the order of insertion.
  public func unfinished() throws(LedgerError) -> [JobStatus] {
    var jobs: [JobStatus] = []
    try database.statement("SELECT \(JobRow.columns) FROM job WHERE state IN (\(Self.unfinished)) ORDER BY sequence")
      .forEach([]) { row throws(LedgerError) in
        jobs.append(try JobRow.status(row))
        return true
      }
    return jobs
  }

  /// Returns the number of jobs in each state that is not final; omits states without jobs.
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
