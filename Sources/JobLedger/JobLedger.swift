import AgentProtocol

/// The durable record of all jobs: an SQLite database that one thread of one process owns.
///
/// The first change of a turn begins a transaction; `commit()` ends it and returns when it is on disk. What is read in between
/// shows the changes. Every operation takes a time that does not grow with the number of finished jobs.
public final class JobLedger {
  /// Opens the database at `path`, or makes it (mode 0600), and brings an older one to the present schema.
  ///
  /// - Throws: `LedgerError`: `.inUse` while another process has it open, `.newer`, `.damaged`, `.failed`.
  public init(path: String) throws(LedgerError) { throw LedgerError(.failed, "not yet") }

  /// Ends the changes of this turn: they are on disk when it returns. Does nothing if there are none.
  ///
  /// After a failure nothing of the turn is recorded: the transaction is rolled back.
  public func commit() throws(LedgerError) {}

  /// Forgets the changes of this turn.
  public func rollback() {}

  /// Whether there is something to commit.
  public private(set) var hasChanges = false

  /// Records a job that was just accepted.
  ///
  /// - Throws: `LedgerError`; `.taken` if there is a job of that id.
  public func insert(_ status: JobStatus, request: JobRequest) throws(LedgerError) {}

  /// Replaces all that can change of a job: state, reason, times, exit, use of resources, output size. A job that is not in the
  /// ledger is not added.
  public func update(_ status: JobStatus) throws(LedgerError) {}

  /// Forgets a job.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  public func delete(_ id: JobID) throws(LedgerError) -> Bool { false }

  /// The status of a job, `nil` if it is unknown.
  public func status(of id: JobID) throws(LedgerError) -> JobStatus? { nil }

  /// What the client asked for when it submitted the job, `nil` if the job is unknown.
  public func request(of id: JobID) throws(LedgerError) -> JobRequest? { nil }

  /// A page of jobs, newest first (by time of submission, then by order of insertion). Jobs that are inserted while somebody
  /// pages shift nothing: no job is shown twice or left out.
  ///
  /// A page may hold fewer jobs than `limit` although there are more; the cursor says whether there are.
  ///
  /// - Throws: `LedgerError`; `.badCursor` if the filter's cursor is none that a page gave.
  public func page(_ filter: JobFilter) throws(LedgerError) -> JobPage { JobPage(jobs: [], cursor: nil) }

  /// All jobs that have not ended, in order of their insertion.
  public func unfinished() throws(LedgerError) -> [JobStatus] { [] }
}
