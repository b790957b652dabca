import AgentClient
import AgentProtocol
import FoundationEssentials
import Glibc
import Synchronization
import TestSupport

/// A client that submits one job after another.
struct Load {
  private let number: Int
  private let host: DrillHost
  private let book: Book
  private let measurement: Book.Measurement?
  private var random: RandomSource

  /// Creates a client whose submits are timed if there is a measurement.
  init(_ number: Int, _ host: DrillHost, _ book: Book, seed: UInt64, _ measurement: Book.Measurement? = nil) {
    self.measurement = measurement
    self.number = number
    self.host = host
    self.book = book
    random = RandomSource(seed: seed, stream: number)
  }

  func run(until end: ContinuousClock.Instant) async {
    var load = self
    do {
      let client = try host.client()
      var count = 0
      while ContinuousClock.now < end {
        count += 1
        await load.oneJob(JobID("\(host.prefix)\(number)-\(count)")!, client)
      }
    } catch { book.violation("client \(number): \(error)") }
  }

  private mutating func oneJob(_ id: JobID, _ client: AgentClient) async {
    let kind = JobKind.allCases.randomElement(using: &random)!
    let number = Int.random(in: 0...9999, using: &random)
    let request = kind.request(id, number: number, marks: host.marks)
    book.begin(id, kind, number)
    do {
      // Programs that start cost so much of the processor that nothing else could be measured.
      if measurement == nil, random.happens(0.15) { try await submitAndDie(id, request) }
      guard try await submit(id, request, client) else { return }
      if kind == .cancelled {
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
        try await untilThereIsRoom { _ = try await client.cancel(id) }
      }
      let follows = random.happens(0.5)
      let received = Received()
      if follows { try await client.output(of: id, follow: true) { received.bytes += $0 } }
      let status = try await final(id, client)
      if !follows { try await client.output(of: id) { received.bytes += $0 } }
      let hits = book.hits(since: book.entry(id)?.submitted ?? .now)
      book.change(id) {
        $0.final = status
        $0.hits.formUnion(hits)
      }
      Verdict(id, host, book).judge(status, received.bytes)
      if random.happens(kind == .heavy ? 0.9 : 0.4) {
        try await untilThereIsRoom { try await client.forget(id) }
        book.change(id) { $0.isForgotten = true }
      }
    } catch {
      book.violation("\(id) (\(kind)): \(error)")
    }
  }

  /// Submits with a client that is killed at some point; whatever became of the submit, the next client finds out.
  private mutating func submitAndDie(_ id: JobID, _ request: JobRequest) async throws {
    let time = Int.random(in: 0...60, using: &random)
    var command =
      host.agentctl("submit") + ["--id", "\(id)", "--directory", "/", "--kill-grace", "\(request.killGrace)"]
    command += ["--env", "\(DrillHost.marker)=\(id)", "--label", "kind=\(request.labels["kind"] ?? "")"]
    if let timeout = request.timeout { command += ["--timeout", "\(timeout)"] }
    if request.stdin != nil { command += ["--stdin", "-"] }
    let process = try TestProcess(command + ["--"] + request.command, input: request.stdin.map { Array($0.utf8) } ?? [])
    try await Task.sleep(for: .milliseconds(time))
    if !process.isOver { book.count("client killed") }
    try? process.handle.send(SIGKILL)
    _ = try await process.end()
  }

  /// Submits until the job is accepted.
  ///
  /// - Returns: `false` if the drill ends first.
  private func submit(_ id: JobID, _ request: JobRequest, _ client: AgentClient) async throws -> Bool {
    if let measurement { book.turned(await timeOfNothing(), measurement) }
    let began = ContinuousClock.now
    while true {
      do {
        let job = try await client.submit(id, request).job
        if let measurement { book.took(began.duration(to: .now), measurement) }
        try checkOwner(job)
        book.change(id) { $0.isAnswered = true }
        return true
      } catch AgentError.problem(let problem) where [.noSpace, .full, .fault].contains(problem.kind) {
        book.refused(problem.kind.rawValue)
        if problem.kind == .fault, book.hits(since: .now - .seconds(30)).isEmpty {
          book.violation("\(id): \(problem.detail)")
        }
        try await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  /// Returns how long this program itself takes for a task that does nothing: it shares the processors with agentd and all jobs.
  private func timeOfNothing() async -> Duration {
    let began = ContinuousClock.now
    await Task.detached {}.value
    return began.duration(to: .now)
  }

  /// A change for which the ledger has no room is refused; the client retries.
  private func untilThereIsRoom(_ body: () async throws -> Void) async throws {
    while true {
      do { return try await body() } catch AgentError.problem(let problem) where problem.kind == .noSpace {
        book.refused(problem.kind.rawValue)
        try await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  /// Insiders use the same ids for jobs of their own.
  private func checkOwner(_ job: JobStatus) throws {
    if job.client.subject == host.schedulerSubject { return }
    throw DrillFailure("the answer is about a job of \(job.client.subject)")
  }

  private func final(_ id: JobID, _ client: AgentClient) async throws -> JobStatus {
    let limit = ContinuousClock.now + .seconds(180)
    while ContinuousClock.now < limit {
      let status = try await client.job(id, wait: 20)
      try checkOwner(status)
      if status.state.isFinal { return status }
    }
    throw DrillFailure("no final state after 180 s")
  }
}

/// What a client has received so far; used by that client only.
private final class Received: @unchecked Sendable {
  var bytes: [UInt8] = []
}
