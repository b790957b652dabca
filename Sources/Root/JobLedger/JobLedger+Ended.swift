import AgentProtocol
import Values

/// How much there is of jobs that have ended.
public struct EndedJobs: Equatable, Sendable {
  /// How many.
  public var jobs: Int
  /// Bytes of their output, on both streams.
  public var bytes: Int64

  public init(jobs: Int, bytes: Int64) {
    self.jobs = jobs
    self.bytes = bytes
  }
}

/// A job that has ended, as far as it matters for how long it is kept.
public struct EndedJob: Equatable, Sendable {
  /// The job.
  public let id: JobID
  /// When it ended.
  public let finishedAt: Timestamp
  /// Bytes of its output, on both streams; 0 if they are unknown.
  public let bytes: Int64
}

extension JobLedger {
  /// How much there is of jobs that have ended; a look at one row.
  public func ended() throws(LedgerError) -> EndedJobs {
    try database.statement("SELECT jobs, bytes FROM ended WHERE one = 1").first { row throws(LedgerError) in
      EndedJobs(jobs: Int(row.integer(0) ?? 0), bytes: row.integer(1) ?? 0)
    } ?? EndedJobs(jobs: 0, bytes: 0)
  }

  /// The jobs that ended first, `limit` at most, in the order of their ends.
  public func endedFirst(limit: Int) throws(LedgerError) -> [EndedJob] {
    var jobs: [EndedJob] = []
    // The condition is what makes SQLite use the index of jobs that have ended.
    try database.statement(
      """
      SELECT id, finished_at, coalesce(output_bytes, 0) + coalesce(stderr_bytes, 0) FROM job WHERE finished_at >= ?
      ORDER BY finished_at LIMIT ?
      """
    ).forEach([.integer(.min), .integer(Int64(limit))]) { row throws(LedgerError) in
      jobs.append(
        EndedJob(
          id: try row.required(row.text(0).flatMap(JobID.init), "id"),
          finishedAt: Timestamp(milliseconds: try row.required(row.integer(1), "finished_at")),
          bytes: row.integer(2) ?? 0))
      return true
    }
    return jobs
  }
}
