import AgentProtocol
import Values
import Wording

/// The number and size of jobs that have ended.
public struct EndedJobs: Equatable, Sendable {
  /// The number of jobs.
  public var jobs: Int
  /// The disk space of their output, both streams, in bytes.
  public var bytes: Int64

  public init(jobs: Int, bytes: Int64) {
    self.jobs = jobs
    self.bytes = bytes
  }
}

/// The facts about an ended job that determine how long it is kept.
public struct EndedJob: Equatable, Sendable {
  /// The job.
  public let id: JobID
  /// The time when it ended.
  public let finishedAt: Timestamp
  /// The disk space of its output, both streams, in bytes; 0 if unknown.
  public let bytes: Int64
}

/// What is kept of a job after its record: its ID is spent, so that a repeated submission runs nothing twice.
public struct SpentJob: Equatable, Sendable {
  /// The client that submitted it.
  public let client: ClientIdentity
  /// The user that it ran as.
  public let user: String
  /// The SHA-256 of the request; `nil` for a job of a ledger that did not store it.
  public let digest: [UInt8]?
  /// How it ended.
  public let state: JobState
  /// Its exit code, if it exited.
  public let exitCode: Int32?
  /// The name of the signal that ended it, if one did.
  public let signal: String?
  /// The time when it was submitted.
  public let submittedAt: Timestamp
  /// The time when it ended.
  public let finishedAt: Timestamp
}

extension JobLedger {
  /// More than a disk holds; with it the sums over all jobs stay within 64 bits.
  static let maximumDiskBytes: Int64 = 1 << 42
  /// The maximum number of spent IDs of one owner; the latest are kept.
  public static let maximumSpentOfOwner = 1_000_000

  /// Returns the digest by which a repeated request is recognised.
  public static func digest(of request: JobRequest) throws(LedgerError) -> [UInt8] {
    SHA256.digest(of: try JobRow.json(request))
  }

  /// Returns the number and size of ended jobs by owner: the subject of a client, or its thumbprint if the subject is empty.
  public func ended() throws(LedgerError) -> [ExactText: EndedJobs] {
    var ended: [ExactText: EndedJobs] = [:]
    try database.statement("SELECT owner, jobs, bytes FROM ended").forEach([]) { row throws(LedgerError) in
      ended[ExactText(try row.required(row.text(0), "owner"))] = EndedJobs(
        jobs: Int(row.integer(1) ?? 0), bytes: row.integer(2) ?? 0)
      return true
    }
    return ended
  }

  /// Returns at most `limit` jobs that ended first, in the order of their ends.
  ///
  /// - Parameter owner: the owner of the jobs; `nil` for all.
  public func endedFirst(of owner: String? = nil, limit: Int) throws(LedgerError) -> [EndedJob] {
    var jobs: [EndedJob] = []
    // The condition on finished_at makes SQLite use the index of ended jobs.
    try database.statement(
      """
      SELECT id, finished_at, coalesce(disk_bytes, 0) FROM job WHERE finished_at >= ?
      \(owner == nil ? "" : "AND owner = ?") ORDER BY finished_at LIMIT ?
      """
    ).forEach([.integer(.min)] + (owner.map { [.text($0)] } ?? []) + [.integer(Int64(limit))]) {
      row throws(LedgerError) in
      jobs.append(
        EndedJob(
          id: try row.required(row.text(0).flatMap(JobID.init(key:)), "id"),
          finishedAt: Timestamp(milliseconds: try row.required(row.integer(1), "finished_at")),
          bytes: row.integer(2) ?? 0))
      return true
    }
    return jobs
  }

  /// Forgets a job that has ended, except for what `spent(_:)` returns.
  public func forgetButID(_ id: JobID) throws(LedgerError) {
    try begin()
    try database.statement(
      """
      INSERT OR REPLACE INTO spent
      SELECT id, owner, client_subject, client_thumbprint, user,
        (SELECT digest FROM request WHERE request.sequence = job.sequence), state, exit_code, signal, submitted_at,
        finished_at
      FROM job WHERE id = ? AND finished_at IS NOT NULL
      """
    ).run(.text(id.key))
    try delete(id)
  }

  /// Returns what is known of a job of which only the ID is kept; `nil` if nothing is.
  public func spent(_ id: JobID) throws(LedgerError) -> SpentJob? {
    try database.statement(
      """
      SELECT client_subject, client_thumbprint, user, digest, state, exit_code, signal, submitted_at, finished_at
      FROM spent WHERE id = ?
      """
    ).first(.text(id.key)) { row throws(LedgerError) in
      SpentJob(
        client: ClientIdentity(
          subject: try row.required(row.text(0), "client_subject"),
          thumbprint: try row.required(row.text(1).flatMap { Thumbprint($0) }, "client_thumbprint")),
        user: try row.required(row.text(2), "user"),
        digest: row.bytes(3).isEmpty ? nil : Array(row.bytes(3)),
        state: try row.required(row.text(4).flatMap(JobState.init), "state"),
        exitCode: row.integer(5).map(Int32.init(truncatingIfNeeded:)), signal: row.text(6),
        submittedAt: Timestamp(milliseconds: try row.required(row.integer(7), "submitted_at")),
        finishedAt: Timestamp(milliseconds: try row.required(row.integer(8), "finished_at")))
    }
  }

  /// Forgets at most `limit` spent IDs for good, oldest first.
  ///
  /// These are the IDs of jobs that ended before `moment`, and those by which an owner exceeds `maximumSpentOfOwner`.
  ///
  /// - Returns: the number of IDs forgotten.
  public func forgetSpent(endedBefore moment: Timestamp?, limit: Int) throws(LedgerError) -> Int {
    var count = 0
    if let moment {
      count = try removeSpent(
        "finished_at < ? ORDER BY finished_at LIMIT ?", [.integer(moment.milliseconds), .integer(Int64(limit))])
    }
    var excess: (owner: String, ids: Int64)?
    try database.statement("SELECT owner, ids FROM spent_of_owner WHERE ids > ? LIMIT 1")
      .forEach([.integer(Int64(Self.maximumSpentOfOwner))]) { row throws(LedgerError) in
        excess = (try row.required(row.text(0), "owner"), row.integer(1) ?? 0)
        return false
      }
    if let excess, count < limit {
      count += try removeSpent(
        "owner = ? ORDER BY finished_at LIMIT ?",
        [
          .text(excess.owner),
          .integer(min(Int64(limit - count), excess.ids - Int64(Self.maximumSpentOfOwner))),
        ])
    }
    return count
  }

  private func removeSpent(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> Int {
    // A transaction is begun only if there is something to change.
    var isAny = false
    try database.statement("SELECT 1 FROM spent WHERE \(condition)").forEach(values) { _ throws(LedgerError) in
      isAny = true
      return false
    }
    guard isAny else { return 0 }
    try begin()
    try database.statement("DELETE FROM spent WHERE id IN (SELECT id FROM spent WHERE \(condition))")
      .forEach(values) { _ throws(LedgerError) in true }
    return database.changes
  }
}
