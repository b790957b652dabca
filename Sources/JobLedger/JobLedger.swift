import AgentProtocol

/// The durable record of all jobs: an SQLite database that one thread of one process owns.
///
/// The first change of a turn begins a transaction; `commit()` ends it and returns when it is on disk. What is read in between
/// shows the changes. Every operation takes a time that does not grow with the number of finished jobs.
///
/// After `.full`, `.damaged` or `.failed` nothing of the turn can be relied on: call `rollback()`.
public final class JobLedger {
  let database: Database

  /// Opens the database at `path`, or makes it (mode 0600), and brings an older one to the present schema.
  ///
  /// - Throws: `LedgerError`: `.inUse` while another process has it open, `.newer`, `.damaged`, `.full`, `.failed`.
  public init(path: String) throws(LedgerError) {
    database = try Database(path)
    try Schema.bringUp(database)
  }

  /// Ends the changes of this turn: they are on disk when it returns. Does nothing if there are none.
  ///
  /// After a failure nothing of the turn is recorded: the transaction is rolled back.
  public func commit() throws(LedgerError) {
    guard hasChanges else { return }
    do throws(LedgerError) { try database.statement("COMMIT").run() } catch {
      rollback()
      throw error
    }
  }

  /// Forgets the changes of this turn.
  public func rollback() {
    // It fails only if SQLite has rolled back already.
    if hasChanges { try? database.execute("ROLLBACK") }
  }

  /// Whether there is something to commit.
  public var hasChanges: Bool { database.isInTransaction }

  /// Records a job that was just accepted.
  ///
  /// - Throws: `LedgerError`; `.taken` if there is a job of that id, which leaves the other changes of the turn as they are.
  public func insert(_ status: JobStatus, request: JobRequest) throws(LedgerError) {
    if try exists(status.id) { throw LedgerError(.taken, "there is a job \(status.id) already") }
    try begin()
    try database.statement(
      """
      INSERT INTO job (id, state, user, client_subject, client_thumbprint, command, labels, submitted_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).run(
      .text(status.id.description), .text(status.state.rawValue), .text(status.user), .text(status.client.subject),
      .text(status.client.thumbprint), try JobRow.text(status.command),
      status.labels.isEmpty ? .null : try JobRow.text(status.labels), .integer(status.submittedAt.milliseconds))
    try database.statement("INSERT INTO request (sequence, body) VALUES (?, ?)")
      .run(.integer(database.lastRow), .blob(try JobRow.json(request)))
  }

  /// Replaces all that can change of a job: state, reason, times, exit, use of resources, output size. A job that is not in the
  /// ledger is not added.
  public func update(_ status: JobStatus) throws(LedgerError) {
    try begin()
    try database.statement(
      """
      UPDATE job SET state = ?, started_at = ?, finished_at = ?, exit_code = ?, signal = ?, reason = ?, cpu_seconds = ?,
        peak_memory_bytes = ?, output_bytes = ? WHERE id = ?
      """
    ).run(
      .text(status.state.rawValue), SQLValue(status.startedAt?.milliseconds), SQLValue(status.finishedAt?.milliseconds),
      SQLValue(status.exitCode.map(Int64.init)), SQLValue(status.signal), SQLValue(status.reason),
      SQLValue(status.cpuSeconds), SQLValue(status.peakMemoryBytes), SQLValue(status.outputBytes),
      .text(status.id.description))
  }

  /// Forgets a job.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  public func delete(_ id: JobID) throws(LedgerError) -> Bool {
    try begin()
    try database.statement("DELETE FROM request WHERE sequence = (SELECT sequence FROM job WHERE id = ?)")
      .run(.text(id.description))
    try database.statement("DELETE FROM job WHERE id = ?").run(.text(id.description))
    return database.changes > 0
  }

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
  /// - Throws: `LedgerError`; `.badCursor` if the filter's cursor is none that a page gave.
  public func page(_ filter: JobFilter) throws(LedgerError) -> JobPage {
    try JobListing.page(filter, from: database)
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

  private func exists(_ id: JobID) throws(LedgerError) -> Bool {
    try database.statement("SELECT 1 FROM job WHERE id = ?").first(.text(id.description)) { (_) throws(LedgerError) in
      true
    }
      ?? false
  }

  private func begin() throws(LedgerError) {
    if !hasChanges { try database.statement("BEGIN IMMEDIATE").run() }
  }
}
