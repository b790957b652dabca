import AgentProtocol

/// The table for finding jobs by label.
enum LabelIndex {
  static func add(
    _ labels: [String: String], of sequence: Int64, at submittedAt: Int64, to database: Database
  ) throws(LedgerError) {
    for (name, value) in labels {
      try database.statement("INSERT INTO label (name, value, at, job) VALUES (?, ?, ?, ?)")
        .run(.text(name), .text(value), .integer(submittedAt), .integer(sequence))
    }
  }

  static func remove(
    _ labels: [String: String], of sequence: Int64, at submittedAt: Int64, from database: Database
  ) throws(LedgerError) {
    for (name, value) in labels {
      try database.statement("DELETE FROM label WHERE name = ? AND value = ? AND at = ? AND job = ?")
        .run(.text(name), .text(value), .integer(submittedAt), .integer(sequence))
    }
  }
}
