import AgentProtocol
import Glibc

/// The durable record of all jobs: an SQLite database owned by one thread of one process.
///
/// The first change of a turn begins a transaction; `commit()` ends it and returns when it is on disk. Reads in between include the
/// changes. The duration of an operation does not grow with the number of finished jobs.
///
/// After `.full`, `.diskFails`, `.damaged` or `.failed` the changes of the turn cannot be relied on: call `rollback()`.
public final class JobLedger {
  let database: Database
  private let path: String
  let clock: LedgerClock
  /// The ledger's time when it was opened, and the uptime then.
  let passedAtStart, startedAt: Int64
  /// The lowest reading of the wall clock, if it is known; see `noteEnd`.
  var lowestEnd: Int64?

  /// Opens the database at `path`, or creates it (mode 0600), and upgrades an older one to the present schema.
  ///
  /// - Throws: `LedgerError`: `.inUse` while another process has it open, `.newer`, `.damaged`, `.full`, `.diskFails`, `.failed`.
  public init(path: String, clock: LedgerClock = LedgerClock()) throws(LedgerError) {
    self.path = path
    self.clock = clock
    database = try Database(path)
    try Schema.bringUp(database)
    passedAtStart = try Self.openAge(database, clock)
    startedAt = clock.uptime()
    database.extendLog()
  }

  /// The size of the database on disk with its write-ahead log, in bytes.
  public var size: Int64 {
    ["", "-wal"].reduce(0) { sum, suffix in
      var status = stat()
      return stat(path + suffix, &status) == 0 ? sum + Int64(status.st_size) : sum
    }
  }

  /// Commits the changes of this turn, which are on disk when it returns. Does nothing if there are none.
  ///
  /// On failure nothing of the turn is recorded: the transaction is rolled back.
  public func commit() throws(LedgerError) {
    guard hasChanges else { return }
    do throws(LedgerError) { try database.statement("COMMIT").run() } catch {
      rollback()
      database.discardUncommittedLog()
      throw error
    }
  }

  /// Discards the changes of this turn.
  public func rollback() {
    lowestEnd = nil
    // This fails only if SQLite has already rolled back.
    if hasChanges { try? database.execute("ROLLBACK") }
  }

  /// Whether there are changes to commit.
  public var hasChanges: Bool { database.isInTransaction }

  /// Records a job that was just accepted, together with what happens to it at the same moment.
  ///
  /// - Parameters:
  ///   - names: the alternative names of the client's certificate; `nil` if there are too many to examine.
  ///   - event: the event after which its state is recorded; `nil` to record it as accepted.
  /// - Returns: the status as recorded.
  /// - Throws: `LedgerError`; `.taken` if there is, or was, a job with that ID, and `.forbidden` for an event that the state does not
  ///   allow. Both leave the other changes of the turn intact.
  @discardableResult
  public func insert(
    _ status: JobStatus, request: JobRequest, names: [ClientName]? = [], then event: JobEvent? = nil
  ) throws(LedgerError) -> JobStatus {
    if try state(of: status.id) != nil { throw LedgerError(.taken, "job \(status.id) already exists") }
    if try spent(status.id) != nil { throw LedgerError(.taken, "there was a job \(status.id) before") }
    var status = status
    status.state = .accepted
    if let event { try status.take(event) }
    try begin()
    try database.statement(
      """
      INSERT INTO job (id, state, user, client_subject, client_thumbprint, command, labels, submitted_at, pool, reason,
        own_id, client_names, started_at, traceparent, tracestate)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).run(
      .text(status.id.key), .text(status.state.rawValue), .text(status.user), .text(status.client.subject),
      .text(status.client.thumbprint.description), try JobRow.text(status.command),
      status.labels.isEmpty ? .null : try JobRow.text(status.labels), .integer(status.submittedAt.milliseconds),
      SQLValue(status.pool), SQLValue(status.reason), SQLValue(status.id.space.map { _ in status.id.description }),
      try JobRow.text(names), SQLValue(status.startedAt?.milliseconds), SQLValue(status.traceparent),
      SQLValue(status.tracestate))
    let sequence = database.lastRow
    let body = try JobRow.json(request)
    try database.statement("INSERT INTO request (sequence, body, digest) VALUES (?, ?, ?)")
      .run(.integer(sequence), .blob(body), .blob(SHA256.digest(of: body)))
    try LabelIndex.add(status.labels, of: sequence, at: status.submittedAt.milliseconds, to: database)
    return status
  }

  /// Records what happened to a job, with everything that can change: state, reason, times, exit, use of resources, output size.
  ///
  /// A job that is not in the ledger is not added.
  ///
  /// - Parameters:
  ///   - status: the new status, except for its state, which is ignored; the one that follows the recorded state is entered.
  ///   - diskBytes: the disk space of its output, if it has ended.
  /// - Returns: the status as recorded.
  /// - Throws: `LedgerError`; `.forbidden` if the job's recorded state does not allow the event, which leaves the record and the other
  ///   changes of the turn intact.
  @discardableResult
  public func update(
    _ status: JobStatus, on event: JobEvent, diskBytes: Int64? = nil
  ) throws(LedgerError) -> JobStatus {
    var status = status
    guard let state = try state(of: status.id) else { return status }
    status.state = state
    try status.take(event)
    try begin()
    if let end = status.finishedAt { try noteEnd(end.milliseconds) }
    try database.statement(
      """
      UPDATE job SET state = ?, started_at = ?, finished_at = ?, exit_code = ?, signal = ?, reason = ?, cpu_seconds = ?,
        peak_memory_bytes = ?, output_bytes = ?, output_bytes_dropped = ?, killed_processes = ?,
        left_processes = ?, disk_was_full = ?, stderr_bytes = ?, disk_bytes = ? WHERE id = ?
      """
    ).run(
      .text(status.state.rawValue), SQLValue(status.startedAt?.milliseconds), SQLValue(status.finishedAt?.milliseconds),
      SQLValue(status.exitCode.map(Int64.init)), SQLValue(status.signal), SQLValue(status.reason),
      SQLValue(status.cpuSeconds), SQLValue(status.peakMemoryBytes), SQLValue(status.outputBytes),
      SQLValue(status.outputBytesDropped), SQLValue(status.killed.map(Int64.init)),
      SQLValue(status.left.map(Int64.init)), SQLValue(status.diskWasFull),
      SQLValue(status.stderrBytes), SQLValue(diskBytes.map { min(max($0, 0), Self.maximumDiskBytes) }),
      .text(status.id.key))
    return status
  }

  /// Deletes a job.
  ///
  /// - Returns: whether it existed.
  @discardableResult
  public func delete(_ id: JobID) throws(LedgerError) -> Bool {
    let found = try database.statement("SELECT sequence, submitted_at, labels FROM job WHERE id = ?")
      .first(.text(id.key)) { row throws(LedgerError) in
        (sequence: row.integer(0) ?? 0, submittedAt: row.integer(1) ?? 0, labels: try JobRow.labels(row, 2))
      }
    guard let found else { return false }
    try begin()
    try LabelIndex.remove(found.labels, of: found.sequence, at: found.submittedAt, from: database)
    try database.statement("DELETE FROM request WHERE sequence = ?").run(.integer(found.sequence))
    try database.statement("DELETE FROM job WHERE sequence = ?").run(.integer(found.sequence))
    return true
  }

  /// Returns the recorded state of a job, `nil` if it is unknown.
  private func state(of id: JobID) throws(LedgerError) -> JobState? {
    try database.statement("SELECT state FROM job WHERE id = ?").first(.text(id.key)) {
      row throws(LedgerError) in
      try row.required(row.text(0).flatMap(JobState.init), "state")
    }
  }

  func begin() throws(LedgerError) {
    if !hasChanges { try database.statement("BEGIN IMMEDIATE").run() }
  }
}

extension JobStatus {
  fileprivate mutating func take(_ event: JobEvent) throws(LedgerError) {
    guard let next = state.after(event) else {
      throw LedgerError(.forbidden, "job \(id) is \(state.rawValue): \(event.rawValue) cannot happen to it")
    }
    state = next
  }
}
