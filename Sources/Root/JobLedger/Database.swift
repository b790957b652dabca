import CSQLite
import Glibc
import SystemCalls

/// An SQLite database that only this process has open, with its prepared statements.
final class Database {
  let path: String
  private var connection: OpaquePointer?
  private var statements: [String: Statement] = [:]

  /// Opens the file, which is created (0600) if it is missing.
  ///
  /// WAL with synchronous=FULL: a commit is on disk when it returns, and survives a crash. locking_mode=EXCLUSIVE: there is no second
  /// owner, and no shared memory file.
  init(_ path: String) throws(LedgerError) {
    self.path = path
    do { try Self.makeFile(path) } catch {
      throw LedgerError(Self.kind(error.code) ?? .failed, "ledger \(error)", cause: error.reason)
    }
    try check(sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil))
    sqlite3_extended_result_codes(connection, 1)
    try execute("PRAGMA locking_mode = EXCLUSIVE")
    try execute("PRAGMA journal_mode = WAL")
    try execute("PRAGMA synchronous = FULL")
    // Limits what a burst of changes leaves on disk, and the memory of an idle daemon.
    try execute("PRAGMA journal_size_limit = \(Self.logBytes)")
    try execute("PRAGMA cache_size = -1024")
    try execute("PRAGMA trusted_schema = OFF")
  }

  /// The size of the write-ahead log, in bytes: a little more than the 1000 pages after which SQLite starts to overwrite it.
  static let logBytes = 4 << 20
  /// The free space, in bytes, below which the log grows only as far as it is needed.
  private static let plentyOfSpace: UInt64 = 256 << 20

  /// Gives the write-ahead log its full size at once, because a commit that overwrites is faster on disk than one that appends.
  ///
  /// SQLite ends the log where a frame does not have the right checksum; zeros have not.
  func extendLog() {
    guard let file = try? FileDescriptor.open("\(path)-wal", O_WRONLY | O_NOFOLLOW), let status = try? file.status(),
      status.st_size < Self.logBytes, let space = DiskSpace(at: path), space.free > Self.plentyOfSpace
    else { return }
    // Written rather than reserved: a reserved block has to be marked as written when it is.
    let zeros = [UInt8](repeating: 0, count: Self.logBytes - Int(status.st_size))
    _ = pwrite(file.raw, zeros, zeros.count, off_t(status.st_size))
  }

  deinit {
    statements.removeAll()
    sqlite3_close_v2(connection)
  }

  /// Whether a transaction is open.
  var isInTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }

  /// Runs statements that are not worth caching; ignores any rows.
  func execute(_ sql: String) throws(LedgerError) {
    try check(sqlite3_exec(connection, sql, nil, nil, nil))
  }

  /// Returns the prepared statement for `sql`, which is created on first use and cached.
  func statement(_ sql: String) throws(LedgerError) -> Statement {
    if let kept = statements[sql] { return kept }
    var prepared: OpaquePointer?
    try check(sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil))
    guard let prepared else { throw LedgerError(.failed, "ledger \(path): empty statement") }
    let statement = Statement(prepared, of: self)
    statements[sql] = statement
    return statement
  }

  /// The SQL of all cached statements.
  var keptStatements: [String] { statements.keys.sorted() }

  /// The number of rows that the last insert, update or delete changed.
  var changes: Int { Int(sqlite3_changes(connection)) }

  /// The row ID of the last insert.
  var lastRow: Int64 { sqlite3_last_insert_rowid(connection) }

  /// Empties the write-ahead log.
  ///
  /// A commit that failed only at its fsync(2) has left a complete transaction in the log, which whoever opens the database after a crash
  /// would see as committed, until another commit overwrites it; https://sqlite.org/walformat.html.
  func discardUncommittedLog() {
    // If the disk does not allow even that, what is on it is unknown.
    try? execute("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  func check(_ code: Int32) throws(LedgerError) {
    if code != SQLITE_OK { throw error(code) }
  }

  /// Returns the error for a result code of the last call; see https://sqlite.org/rescode.html.
  func error(_ code: Int32) -> LedgerError {
    // Before 3.43, SQLite does not keep the number of a commit that failed.
    let last = errno
    let kept = sqlite3_system_errno(connection)
    let number = kept == 0 && Self.diskFaults.contains(last) ? last : kept
    let text = String(cString: sqlite3_errmsg(connection))
    let cause = number == 0 ? text : String(cString: strerror(number))
    let message = "ledger \(path): \(text)\(number == 0 ? "" : " (\(cause))")"
    return switch code & 0xff {
    case SQLITE_BUSY, SQLITE_LOCKED: LedgerError(.inUse, "ledger \(path): another process has it open")
    case SQLITE_CORRUPT, SQLITE_NOTADB: damaged(String(cString: sqlite3_errstr(code)))
    case SQLITE_FULL: LedgerError(.full, message, cause: "it is full")
    case SQLITE_READONLY: LedgerError(.diskFails, message, cause: "it is read-only")
    case SQLITE_IOERR, SQLITE_CANTOPEN: LedgerError(Self.kind(number) ?? .diskFails, message, cause: cause)
    default: LedgerError(.failed, message)
    }
  }

  private static let diskFaults = [EIO, EROFS, ENOSPC, EDQUOT]

  /// Returns what a failed call says of the disk; `nil` if nothing.
  private static func kind(_ number: Int32) -> LedgerError.Kind? {
    switch number {
    case ENOSPC, EDQUOT: .full
    case EIO, EROFS, ENXIO, ENODEV, ESTALE: .diskFails
    default: nil
    }
  }

  func damaged(_ fact: String) -> LedgerError {
    LedgerError(
      .damaged,
      "ledger \(path): \(fact); move it away to start with an empty one: that ends the jobs that still run, and sets the "
        + "outputs of all jobs aside in \(Path.folder(of: path))/jobs.unknown-TIME")
  }

  /// SQLite would create the file with the umask's mode, and would not make its name durable.
  private static func makeFile(_ path: String) throws(SystemError) {
    do throws(SystemError) {
      let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
      let raw = file.raw
      try checked("fchmod", path) { fchmod(raw, 0o600) }
      try DurableFile.synchronizeFolder(of: path)
    } catch  where error.code == EEXIST {}
  }
}
