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
    """,
    """
    ALTER TABLE job ADD COLUMN output_bytes_dropped INTEGER;
    ALTER TABLE job ADD COLUMN killed_processes INTEGER;
    ALTER TABLE job ADD COLUMN left_processes INTEGER;
    """,
    // A job's labels once more, in the order in which pages show the jobs that have one.
    """
    CREATE TABLE label (
      name TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL, job INTEGER NOT NULL,
      PRIMARY KEY (name, value, at, job)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO label SELECT key, value, submitted_at, sequence FROM job, json_each(labels) WHERE labels IS NOT NULL;
    """,
    // For clients that see the jobs of their own subject alone.
    "CREATE INDEX job_by_subject ON job (client_subject, submitted_at);",
    // What is kept of jobs that have ended, counted as they come and go, and which of them ended first.
    """
    ALTER TABLE job ADD COLUMN pool TEXT;
    CREATE INDEX job_by_end ON job (finished_at) WHERE finished_at IS NOT NULL;
    CREATE TABLE ended (one INTEGER PRIMARY KEY CHECK (one = 1), jobs INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
    INSERT INTO ended SELECT 1, count(*), coalesce(sum(output_bytes), 0) FROM job WHERE finished_at IS NOT NULL;
    CREATE TRIGGER job_ends AFTER UPDATE OF finished_at ON job
      WHEN old.finished_at IS NULL AND new.finished_at IS NOT NULL
      BEGIN UPDATE ended SET jobs = jobs + 1, bytes = bytes + coalesce(new.output_bytes, 0) WHERE one = 1; END;
    CREATE TRIGGER job_is_forgotten AFTER DELETE ON job WHEN old.finished_at IS NOT NULL
      BEGIN UPDATE ended SET jobs = jobs - 1, bytes = bytes - coalesce(old.output_bytes, 0) WHERE one = 1; END;
    """,
    "ALTER TABLE job ADD COLUMN disk_was_full INTEGER;",
    // What is kept counts both streams.
    """
    ALTER TABLE job ADD COLUMN stderr_bytes INTEGER;
    DROP TRIGGER job_ends;
    DROP TRIGGER job_is_forgotten;
    CREATE TRIGGER job_ends AFTER UPDATE OF finished_at ON job
      WHEN old.finished_at IS NULL AND new.finished_at IS NOT NULL
      BEGIN UPDATE ended SET jobs = jobs + 1, bytes = bytes + coalesce(new.output_bytes, 0) + coalesce(new.stderr_bytes, 0)
        WHERE one = 1; END;
    CREATE TRIGGER job_is_forgotten AFTER DELETE ON job WHEN old.finished_at IS NOT NULL
      BEGIN UPDATE ended SET jobs = jobs - 1, bytes = bytes - coalesce(old.output_bytes, 0) - coalesce(old.stderr_bytes, 0)
        WHERE one = 1; END;
    """,
  ]

  /// Brings the database to the present schema.
  static func bringUp(_ database: Database) throws(LedgerError) {
    let version = try number(database, "PRAGMA user_version")
    let owner = try number(database, "PRAGMA application_id")
    let isEmpty = try number(database, "SELECT count(*) FROM sqlite_schema") == 0
    guard owner == applicationID || (isEmpty && owner == 0) else {
      throw database.damaged("it belongs to another program")
    }
    guard version <= steps.count else {
      throw LedgerError(
        .newer,
        "ledger \(database.path): written by a newer agentd (schema \(version), this one knows \(steps.count)); install that version"
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
