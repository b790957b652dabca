import CSQLite

/// The tables of the ledger, and the upgrade of older databases.
enum Schema {
  /// "AGLD", which distinguishes a ledger from other databases; see PRAGMA application_id.
  static let applicationID: Int64 = 0x4147_4c44

  /// The steps from an empty database to the present schema; PRAGMA user_version counts the steps taken.
  ///
  /// A released step is never changed: every change is a new step.
  ///
  /// Requests are in a separate table because they can be large (`stdin`): lists read only `job`. Every list uses an index that ends in
  /// `submitted_at` and, like all indexes of SQLite, in the row ID `sequence`.
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
    // A copy of the jobs' labels, in the order in which pages list the jobs with a label.
    """
    CREATE TABLE label (
      name TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL, job INTEGER NOT NULL,
      PRIMARY KEY (name, value, at, job)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO label SELECT key, value, submitted_at, sequence FROM job, json_each(labels) WHERE labels IS NOT NULL;
    """,
    // For clients that see only the jobs of their own subject.
    "CREATE INDEX job_by_subject ON job (client_subject, submitted_at);",
    // The number and size of ended jobs, kept up to date by triggers, and an index of which ended first.
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
    // The size of ended jobs includes both streams.
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
    // `id` is a key: for a job in the ID space of a client, space and ID. `own_id` is then the ID alone. `client_names` has the names in
    // the client's certificate, by which it is judged again when the job starts: JSON, or NULL if they were not recorded.
    """
    ALTER TABLE job ADD COLUMN own_id TEXT;
    ALTER TABLE job ADD COLUMN client_names TEXT;
    CREATE INDEX job_by_own_id ON job (own_id, sequence) WHERE own_id IS NOT NULL;
    """,
    // The owner of ended jobs, and the disk space of their output: the jobs of the largest owner are forgotten first. An ID stays spent
    // after its record is forgotten.
    """
    ALTER TABLE job ADD COLUMN disk_bytes INTEGER;
    ALTER TABLE job ADD COLUMN owner TEXT
      GENERATED ALWAYS AS (iif(client_subject = '', client_thumbprint, client_subject)) VIRTUAL;
    ALTER TABLE request ADD COLUMN digest BLOB;
    UPDATE job SET disk_bytes = min(coalesce(output_bytes, 0), 1 << 41) + min(coalesce(stderr_bytes, 0), 1 << 41)
      WHERE finished_at IS NOT NULL;
    DROP TRIGGER job_ends;
    DROP TRIGGER job_is_forgotten;
    DROP TABLE ended;
    CREATE TABLE ended (owner TEXT PRIMARY KEY, jobs INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO ended SELECT owner, count(*), sum(disk_bytes) FROM job WHERE finished_at IS NOT NULL GROUP BY owner;
    CREATE INDEX job_by_owner_and_end ON job (owner, finished_at) WHERE finished_at IS NOT NULL;
    CREATE TRIGGER job_ends AFTER UPDATE OF finished_at ON job
      WHEN old.finished_at IS NULL AND new.finished_at IS NOT NULL
      BEGIN INSERT INTO ended VALUES (new.owner, 1, coalesce(new.disk_bytes, 0))
        ON CONFLICT (owner) DO UPDATE SET jobs = jobs + 1, bytes = bytes + excluded.bytes; END;
    CREATE TRIGGER job_is_forgotten AFTER DELETE ON job WHEN old.finished_at IS NOT NULL
      BEGIN
        UPDATE ended SET jobs = jobs - 1, bytes = bytes - coalesce(old.disk_bytes, 0) WHERE owner = old.owner;
        DELETE FROM ended WHERE owner = old.owner AND jobs <= 0;
      END;
    CREATE TABLE spent (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      client_subject TEXT NOT NULL,
      client_thumbprint TEXT NOT NULL,
      user TEXT NOT NULL,
      digest BLOB,
      state TEXT NOT NULL,
      exit_code INTEGER,
      signal TEXT,
      submitted_at INTEGER NOT NULL,
      finished_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spent_by_end ON spent (finished_at);
    CREATE INDEX spent_by_owner_and_end ON spent (owner, finished_at);
    CREATE TABLE spent_of_owner (owner TEXT PRIMARY KEY, ids INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX spent_of_owner_by_ids ON spent_of_owner (ids);
    CREATE TRIGGER id_is_spent AFTER INSERT ON spent
      BEGIN INSERT INTO spent_of_owner VALUES (new.owner, 1) ON CONFLICT (owner) DO UPDATE SET ids = ids + 1; END;
    CREATE TRIGGER id_is_free AFTER DELETE ON spent
      BEGIN
        UPDATE spent_of_owner SET ids = ids - 1 WHERE owner = old.owner;
        DELETE FROM spent_of_owner WHERE owner = old.owner AND ids <= 0;
      END;
    """,
    "ALTER TABLE job ADD COLUMN traceparent TEXT; ALTER TABLE job ADD COLUMN tracestate TEXT;",
  ]

  /// Upgrades the database to the present schema.
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
