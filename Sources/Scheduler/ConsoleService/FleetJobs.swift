import AgentClient
import AgentProtocol
import Synchronization
import Values

/// The jobs of all agents in a stretch of time, a line of JSON for each agent as it answers.
struct FleetJobs: Sendable {
  /// The maximum number of jobs that are shown of an agent, the newest ones, and of all.
  private static let maximumOfAgent = 1000
  private static let maximum = 50_000
  /// How long before the stretch a job may have been submitted that still ran in it.
  private static let lead: Int64 = 86_400_000
  private static let width = 24

  private let fleet: FleetWatch
  private let places: Places
  private let from: Timestamp
  private let to: Timestamp?
  private let agent: String?

  init(_ fleet: FleetWatch, _ places: Places, _ request: ConsoleRequest) throws {
    guard let from = try request.time("from") else { throw ConsoleRefusal(.badRequest, "from: a time") }
    self.fleet = fleet
    self.places = places
    self.from = from
    to = try request.time("to")
    agent = request.query["agent"]
  }

  var reply: ConsoleReply {
    ConsoleReply(.stream { try await write(to: $0) }, type: "application/x-ndjson")
  }

  private func write(to writer: @escaping ConsoleReply.Writer) async throws {
    var (able, away) = await fleet.askable()
    if let agent {
      able = [(agent, try await fleet.client(agent))]
      away = []
    }
    var room = Self.maximum
    for (name, reason) in away { try await writer(Line(agent: name, error: reason).bytes) }
    try await withThrowingTaskGroup(of: Line.self) { group in
      var rest = able[...]
      for next in rest.prefix(Self.width) { group.addTask { await line(next) } }
      rest = rest.dropFirst(Self.width)
      while var line = try await group.next() {
        if let next = rest.popFirst() { group.addTask { await self.line(next) } }
        if let jobs = line.jobs, jobs.count > room { (line.jobs, line.isCut) = (Array(jobs.prefix(room)), true) }
        room -= line.jobs?.count ?? 0
        try await writer(line.bytes)
      }
    }
  }

  private func line(_ agent: (name: String, client: AgentClient)) async -> Line {
    var filter = JobFilter()
    filter.since = Timestamp(milliseconds: from.milliseconds - Self.lead)
    do {
      let jobs = try await places.taken { [filter] in
        try await agent.client.allJobs(filter, maximum: Self.maximumOfAgent, where: isInside)
      }
      return Line(agent: agent.name, jobs: jobs.map(Job.init), isCut: jobs.count == Self.maximumOfAgent)
    } catch let refusal as ConsoleRefusal {
      return Line(agent: agent.name, error: refusal.reason)
    } catch {
      return Line(agent: agent.name, error: "\(error)")
    }
  }

  private func isInside(_ job: JobStatus) -> Bool {
    (job.finishedAt ?? Timestamp(milliseconds: .max)) >= from && to.map { job.submittedAt <= $0 } ?? true
  }

  private struct Line: Encodable, Sendable {
    let agent: String
    var jobs: [Job]?
    var error: String?
    var isCut: Bool?

    enum CodingKeys: String, CodingKey {
      case agent, jobs, error
      case isCut = "cut"
    }

    var bytes: [UInt8] { ConsoleReply.json(self) + [UInt8(ascii: "\n")] }
  }

  /// What a picture of many jobs needs of each.
  private struct Job: Encodable, Sendable {
    /// The number of bytes of a command line that are shown in a list.
    private static let longest = 160

    let id: JobID
    let state: JobState
    let user: String
    let command: String
    let submitted: Timestamp
    let started: Timestamp?
    let finished: Timestamp?
    let outcome: String?
    let cpu: Double?
    let memory: Int64?
    let output: Int64?
    let labels: [String: String]?

    init(_ job: JobStatus) {
      (id, state, user) = (job.id, job.state, job.user)
      let words = job.command.joined(separator: " ")
      command =
        words.utf8.count > Self.longest
        ? String(decoding: words.utf8.prefix(Self.longest), as: UTF8.self) + "…" : words
      (submitted, started, finished) = (job.submittedAt, job.startedAt, job.finishedAt)
      outcome = job.signal ?? job.exitCode.flatMap { $0 == 0 ? nil : "\($0)" }
      (cpu, memory, output) = (job.cpuSeconds, job.peakMemoryBytes, job.outputBytes)
      labels = job.labels.isEmpty ? nil : job.labels
    }
  }
}
