import AgentProtocol
import FoundationEssentials
import Values

/// The client that submitted a job, as far as it was recorded.
public struct RecordedClient: Equatable, Sendable {
  /// The client at the time of submission.
  public let client: VerifiedClient
  /// Whether its alternative names are known; earlier versions did not record them.
  public let namesAreRecorded: Bool
}

/// A job as a row of the table `job`.
enum JobRow {
  /// The columns that `status(_:)` reads, in its order.
  static let columns = """
    id, state, user, client_subject, client_thumbprint, command, labels, submitted_at, started_at, finished_at, exit_code,
    signal, reason, cpu_seconds, peak_memory_bytes, output_bytes, output_bytes_dropped,
    killed_processes, left_processes, sequence, pool, disk_was_full, stderr_bytes, traceparent,
    tracestate
    """

  /// The positions of `state`, `client_subject` and `client_thumbprint` in `columns`.
  static let (stateColumn, subjectColumn, clientColumn): (Int32, Int32, Int32) = (1, 3, 4)

  /// Returns the place of the job in the order of pages.
  static func place(_ row: Row) -> Cursor {
    Cursor(submittedAt: row.integer(7) ?? 0, sequence: row.integer(19) ?? 0)
  }

  static func status(_ row: Row) throws(LedgerError) -> JobStatus {
    var status = try facts(row)
    status.command = try json(row, 5, "command")
    status.labels = try labels(row, 6)
    return status
  }

  /// Writes the status as JSON: command and labels as they are recorded, the rest as `present` returns it.
  static func write(
    _ row: Row, _ present: (JobStatus) -> JobStatus, to writer: inout JSONWriter
  ) throws(LedgerError) {
    present(try facts(row)).writeJSON(to: &writer) {
      $0.verbatim(row.bytes(5))
    } labels: {
      let labels = row.bytes(6)
      if labels.isEmpty { $0.object { _ in } } else { $0.verbatim(labels) }
    }
  }

  /// Returns the status without command and labels.
  private static func facts(_ row: Row) throws(LedgerError) -> JobStatus {
    var status = JobStatus(
      accepted: try row.required(row.text(0).flatMap(JobID.init(key:)), "id"), command: [],
      user: try row.required(row.text(2), "user"),
      client: ClientIdentity(
        subject: try row.required(row.text(3), "client_subject"),
        thumbprint: try row.required(row.text(4).flatMap(Thumbprint.init(canonical:)), "client_thumbprint")),
      at: try row.required(moment(row, 7), "submitted_at"), labels: [:])
    status.state = try row.required(row.text(1).flatMap(JobState.init), "state")
    status.startedAt = moment(row, 8)
    status.finishedAt = moment(row, 9)
    status.exitCode = row.integer(10).map(Int32.init(truncatingIfNeeded:))
    status.signal = row.text(11)
    status.reason = row.text(12)
    status.cpuSeconds = row.real(13)
    status.peakMemoryBytes = row.integer(14)
    status.outputBytes = row.integer(15)
    status.outputBytesDropped = row.integer(16)
    status.killed = row.integer(17).map(Int.init)
    status.left = row.integer(18).map(Int.init)
    status.pool = row.text(20)
    status.diskWasFull = row.integer(21).map { $0 != 0 }
    status.stderrBytes = row.integer(22)
    status.traceparent = row.text(23)
    status.tracestate = row.text(24)
    return status
  }

  static func client(_ row: Row) throws(LedgerError) -> RecordedClient {
    let identity = ClientIdentity(
      subject: try row.required(row.text(0), "client_subject"),
      thumbprint: try row.required(row.text(1).flatMap(Thumbprint.init(canonical:)), "client_thumbprint"))
    if row.bytes(2).isEmpty { return RecordedClient(client: VerifiedClient(identity), namesAreRecorded: false) }
    let names: [ClientName]? = try json(row, 2, "client_names")
    return RecordedClient(client: VerifiedClient(identity, names: names), namesAreRecorded: true)
  }

  static func labels(_ row: Row, _ column: Int32) throws(LedgerError) -> [String: String] {
    row.bytes(column).isEmpty ? [:] : try json(row, column, "labels")
  }

  static func request(_ row: Row) throws(LedgerError) -> JobRequest { try json(row, 0, "body") }

  /// Returns the total size, in bytes, of the columns whose size the client chooses.
  static func size(_ row: Row) -> Int { row.bytes(5).count + row.bytes(6).count + row.bytes(12).count }

  /// Returns a value as JSON, with sorted keys.
  static func json(_ value: some Encodable) throws(LedgerError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(value)) } catch {
      throw LedgerError(.failed, "ledger: cannot encode a job: \(error)")
    }
  }

  static func text(_ value: some Encodable) throws(LedgerError) -> SQLValue {
    .text(String(decoding: try json(value), as: UTF8.self))
  }

  private static func json<Value: Decodable>(
    _ row: Row, _ column: Int32, _ name: String
  ) throws(LedgerError) -> Value {
    try row.required(try? JSONDecoder().decode(Value.self, from: Data(row.bytes(column))), name)
  }

  private static func moment(_ row: Row, _ column: Int32) -> Timestamp? {
    row.integer(column).map(Timestamp.init(milliseconds:))
  }
}
