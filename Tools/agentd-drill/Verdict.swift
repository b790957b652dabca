import AgentProtocol
import SystemCalls

/// A check whether what a client was told about a job can be true.
struct Verdict {
  private let id: JobID
  private let host: DrillHost
  private let book: Book

  init(_ id: JobID, _ host: DrillHost, _ book: Book) {
    self.id = id
    self.host = host
    self.book = book
  }

  /// Returns how often the job left its mark.
  static func marks(of id: JobID, _ host: DrillHost) -> Int {
    ((try? DurableFile.read("\(host.marks)/\(id)", limit: 1 << 16)) ?? []).count { $0 == UInt8(ascii: "\n") }
  }

  func judge(_ status: JobStatus, _ output: [UInt8]) {
    guard let entry = book.entry(id) else { return }
    let marks = Self.marks(of: id, host)
    let expected = Array(entry.kind.output(entry.number).utf8)
    if marks > 1 { wrong("ran \(marks) times", status, entry) }
    if !permitted(status, entry, marks) { wrong("state with \(marks) marks", status, entry) }
    // A job that was cut short has written a part; one whose disk was full lacks the writes that failed, which only the job knows.
    let isWhole = status.state == entry.kind.state && entry.kind != .cancelled && entry.kind != .slow
    let isRight =
      entry.hits.contains(.starved)
      ? output.count <= expected.count
      : isWhole && !entry.hits.contains(.shepherdKilled) ? output == expected : expected.starts(with: output)
    if !isRight { wrong("output of \(output.count) bytes instead of \(expected.count)", status, entry) }
    if let stated = status.outputBytes, stated != output.count, status.state != .interrupted {
      wrong("\(stated) bytes of output stated, \(output.count) there", status, entry)
    }
    if status.state.isFinal, let left = status.left, left > 0 { wrong("\(left) processes left", status, entry) }
  }

  private func permitted(_ status: JobStatus, _ entry: Book.Entry, _ marks: Int) -> Bool {
    let kind = entry.kind
    switch status.state {
    case kind.state:
      if kind == .failing { return status.exitCode == Int32(1 + entry.number % 255) && marks == 1 }
      // On a busy host, it times out before its first line.
      if kind == .cancelled || kind == .slow { return true }
      return marks == (kind == .missing ? 0 : 1)
    // The job was killed with its shepherd, or agentd was killed between record and start; if the job left a mark, only the former.
    case .interrupted:
      return entry.hits.contains(.shepherdKilled) || entry.hits.contains(.supervisorKilled) && marks == 0
        || entry.hits.contains(.starved)
    // The job's process has the shepherd's title until it executes the program, and may do so between the lookup and the signal, which then
    // hits the job.
    case .killed: return entry.hits.contains(.shepherdKilled)
    case .couldNotStart, .failed: return entry.hits.contains(.starved)
    default: return false
    }
  }

  private func wrong(_ what: String, _ status: JobStatus, _ entry: Book.Entry) {
    book.violation(
      "\(id) (\(entry.kind), hit by \(entry.hits.map { "\($0)" }.sorted())): \(what); \(status.state.rawValue), \(status.reason ?? "no reason")"
    )
  }
}
