import AgentClient
import AgentProtocol
import SystemCalls
import TestSupport

/// The check after the load: what agentd reports now, and what is left on the host.
struct Audit {
  private let host: DrillHost
  private let book: Book

  init(_ host: DrillHost, _ book: Book) {
    self.host = host
    self.book = book
  }

  func run() async {
    host.setDisk(full: false)
    host.setClock(nil)
    do {
      try await host.restart()
      let client = try host.client()
      try await compareLedger(client)
      checkMarks()
      await checkProcesses()
      try await checkFolders(client)
    } catch { book.violation("audit: \(error); agentd's log ends: \(host.log.suffix(2000))") }
  }

  private func compareLedger(_ client: AgentClient) async throws {
    let jobs = try await client.allJobs()
    for job in jobs.filter(isOfInsider) where !job.state.isFinal {
      book.violation("\(job.id) of \(job.client.subject): still \(job.state.rawValue) at the end")
    }
    // Jobs of insiders have ids of their own, even if they are called the same.
    let ledger = Dictionary(uniqueKeysWithValues: jobs.filter { !isOfInsider($0) }.map { ($0.id, $0) })
    for (id, entry) in book.entries {
      let found = ledger[id]
      if entry.isForgotten {
        if found != nil { book.violation("\(id): deleted, but still in the ledger") }
      } else if entry.isAnswered {
        guard let found else {
          book.violation("\(id) (\(entry.kind)): lost")
          continue
        }
        if let told = entry.final, told != found {
          book.violation("\(id): was reported as \(told.state.rawValue), is now \(found.state.rawValue)")
        }
      }
      if let found, !found.state.isFinal { book.violation("\(id): still \(found.state.rawValue) at the end") }
    }
    for id in ledger.keys where book.entry(id) == nil {
      book.violation("\(id): in the ledger, but never submitted")
    }
  }

  private func isOfInsider(_ job: JobStatus) -> Bool {
    Insider.allCases.contains { $0.subject == job.client.subject }
  }

  private func checkMarks() {
    for (id, _) in book.entries {
      let marks = Verdict.marks(of: id, host)
      if marks > 1 { book.violation("\(id): ran \(marks) times") }
    }
  }

  private func checkProcesses() async {
    func left() -> [(process: Int32, value: String)] {
      Processes.carrying(DrillHost.marker).filter { $0.value.hasPrefix(host.prefix) }
    }
    // Killed processes take a moment to disappear.
    try? await wait(for: "no process of a job", within: .seconds(10)) { left().isEmpty && host.shepherds().isEmpty }
    for (process, job) in left() {
      let hits = JobID(job).flatMap { book.entry($0) }?.hits.map { "\($0)" }.sorted() ?? []
      book.violation("process \(process) of job \(job) is left, hit by \(hits)")
    }
    for (process, job) in host.shepherds() { book.violation("shepherd \(process) of job \(job) is left") }
  }

  private func checkFolders(_ client: AgentClient) async throws {
    // The folder of a client that sees only its own jobs has something and a tilde before the id.
    let known = Set(try await client.allJobs().map { "\(isOfInsider($0) ? "~" : "")\($0.id)" })
    for name in try Folder.names(in: host.folder.path("state/jobs"))
    where !known.contains(String(name.drop { $0 != "~" })) && !known.contains(name) {
      book.violation("folder of job \(name) is left")
    }
    if let supervisor = host.supervisorID {
      book.note("descriptors of the supervisor after all: \(Processes.openFiles(of: supervisor))")
    }
  }
}
