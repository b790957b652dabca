import CSQLite

/// The tables of the ledger, and how an older database gets there.
enum Schema {
  /// "AGLD": tells a ledger from other databases; see PRAGMA application_id.
  static let applicationID: Int64 = 0x4147_4c44

  /// Step by step from the empty database; PRAGMA user_version counts those taken. A released step is never changed: what is
  /// new is a new step.
  ///
  /// The request is apart because it can be large (`stdin`): lists read only `job`. Every list goes along an index that ends in
  /// `submitted_at` and, as all of SQLite's do, in the row number `sequence`.
  static let steps = [
    """
    CREATE TABLE job (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL,
      user TEXT NOT NULL,
      client_subject TEXT NOT NULL,
      client_thumbprint TEXT NOT NULL,
      command TEXT NOT NULL,
      labels TEXT,
      submitted_at INTEGER NOT NULL,
      started_at INTEGER,
      finished_at INTEGER,
      exit_code INTEGER,
      signal TEXT,
      reason TEXT,
      cpu_seconds REAL,
      peak_memory_bytes INTEGER,
      output_bytes INTEGER
    ) STRICT;
    CREATE TABLE request (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE INDEX job_by_time ON job (submitted_at);
    CREATE INDEX job_by_state ON job (state, submitted_at);
    CREATE INDEX job_by_client ON job (client_thumbprint, submitted_at);
    CREATE INDEX job_by_client_and_state ON job (client_thumbprint, state, submitted_at);
    """
  ]

  /// Brings the database to the present schema.
  static func bringUp(_ database: Database) throws(LedgerError) {
    let version = try number(database, "PRAGMA user_version")
    let owner = try number(database, "PRAGMA application_id")
    let isEmpty = try number(database, "SELECT count(*) FROM sqlite_schema") == 0
    guard owner == applicationID || (isEmpty && owner == 0) else {
      throw database.damaged("it is a database of another program")
    }
    guard version <= steps.count else {
      throw LedgerError(
        .newer,
        "ledger \(database.path): written by a newer agentd (schema \(version), this one knows \(steps.count)); install that one"
      )
    }
    for next in Int(version)..<steps.count {
      try database.execute(
        """
        BEGIN IMMEDIATE;
        \(steps[next])
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(next + 1);
        COMMIT;
        """)
    }
  }

  private static func number(_ database: Database, _ sql: String) throws(LedgerError) -> Int64 {
    try database.statement(sql).first { row throws(LedgerError) in row.integer(0) ?? 0 } ?? 0
  }
}
