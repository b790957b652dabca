import Values

/// How ended jobs get old, although the wall clock may jump by weeks: forgetting needs that agentd has run for that long.
///
/// The ledger's own time is the time for which agentd has run. A break counts as well, but at most a day, and only as far as the wall clock
/// is later than ever before: a clock that is wrong at each start makes no job old. The table `age` has readings of the wall clock with the
/// ledger's time of each. A job may be forgotten when its end is earlier than all readings of so many days: then it ended before them,
/// whatever clock it was read from. Earlier versions ignore the table.
extension JobLedger {
  /// The maximum time in milliseconds that counts for one break.
  static let maximumBreak: Int64 = 86_400_000
  /// The time between two readings, in milliseconds.
  static let interval: Int64 = 3_600_000

  /// Creates the table if it is missing.
  ///
  /// - Returns: the ledger's time now.
  static func openAge(_ database: Database, _ clock: LedgerClock) throws(LedgerError) -> Int64 {
    try database.execute(
      "CREATE TABLE IF NOT EXISTS age (passed INTEGER PRIMARY KEY, wall INTEGER NOT NULL) STRICT;")
    let wall = clock.wall()
    let last = try database.statement("SELECT max(passed), max(wall) FROM age").first { row throws(LedgerError) in
      (passed: row.integer(0), wall: row.integer(1) ?? 0)
    }
    if let last, let passed = last.passed { return passed + min(max(0, wall - last.wall), maximumBreak) }
    try database.statement("INSERT INTO age VALUES (0, ?)").run(.integer(wall))
    return 0
  }

  /// The ledger's time now, in milliseconds.
  private var passed: Int64 { passedAtStart + max(0, clock.uptime() - startedAt) }

  /// Returns the moment before which jobs ended that may be forgotten after `days`; `nil` if there can be none.
  public func endsToForget(after days: Int) throws(LedgerError) -> Timestamp? {
    let wall = clock.wall()
    // Of the readings before that time, `noteAge` leaves the last: a job may have ended between it and the next.
    let lowest = try database.statement("SELECT min(passed), min(wall) FROM age").first { row throws(LedgerError) in
      (passed: row.integer(0) ?? .max, wall: row.integer(1) ?? 0)
    }
    guard let lowest, lowest.passed < passed - Int64(days) * 86_400_000 else { return nil }
    return Timestamp(milliseconds: min(lowest.wall, wall))
  }

  /// Reads the wall clock now and then, and forgets readings that are older than needed.
  ///
  /// - Parameter days: how long ended jobs are kept.
  public func noteAge(keeping days: Int?) throws(LedgerError) {
    let now = passed
    let last = try database.statement("SELECT max(passed) FROM age").first { row throws(LedgerError) in row.integer(0) }
    guard now - (last.flatMap(\.self) ?? 0) >= Self.interval else { return }
    try note(now, clock.wall())
    guard let days else { return }
    try database.statement("DELETE FROM age WHERE passed < (SELECT max(passed) FROM age WHERE passed < ?)")
      .run(.integer(now - Int64(days) * 86_400_000))
    lowestEnd = nil
  }

  /// Notes the end of a job as a reading of the wall clock if it is lower than all others: it must not be forgotten for that.
  func noteEnd(_ end: Int64) throws(LedgerError) {
    let lowest: Int64
    if let lowestEnd {
      lowest = lowestEnd
    } else {
      let found = try database.statement("SELECT min(wall) FROM age").first { row throws(LedgerError) in row.integer(0)
      }
      lowest = found.flatMap(\.self) ?? .max
      lowestEnd = lowest
    }
    if end < lowest {
      try note(passed, end)
      lowestEnd = end
    }
  }

  private func note(_ passed: Int64, _ wall: Int64) throws(LedgerError) {
    try begin()
    try database.statement(
      "INSERT INTO age VALUES (?, ?) ON CONFLICT (passed) DO UPDATE SET wall = min(wall, excluded.wall)"
    ).run(.integer(passed), .integer(wall))
  }
}
