import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser
import Console
import SchedulerRegistry
import Values
import Wording

/// Lists jobs, of one agent or of many.
struct JobsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "List jobs, newest first.",
    usage: "agentctl jobs [options] AGENT\nagentctl jobs [options] -a 'web*'")

  @Argument(help: AgentNames.help, completion: AgentNames.completion)
  var agent: String?
  @OptionGroup var fleet: FleetOptions
  @OptionGroup var access: AccessOptions
  @Option(
    help: ArgumentHelp("Only jobs in these states, as in failed,killed.", valueName: "state"),
    completion: .list(JobState.allCases.map(\.rawValue)))
  var state: String?
  @Option(help: ArgumentHelp("Only jobs that run as this user.", valueName: "user")) var user: String?
  @Option(help: ArgumentHelp("Only jobs submitted since then: 24h, or a time.", valueName: "time")) var since: String?
  @Option(help: ArgumentHelp("Only jobs with this label.", valueName: "name=value")) var label: String?
  @Option(help: "The maximum number of jobs.") var limit = 100
  @Flag(help: "Print one JSON object per line.") var json = false

  func validate() throws {
    try fleet.validate(agent, access)
    _ = try states()
    _ = try moment(.now())
    if let label, JobLabel(label) == nil { throw ValidationError("--label: NAME=VALUE") }
    guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit: 1 to 1000000") }
  }

  private func states() throws -> [JobState] {
    try (state?.parts(at: ",") ?? []).map { name in
      if let state = JobState(rawValue: name) { return state }
      throw ValidationError("--state: \(JobState.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  private func moment(_ now: Timestamp) throws -> Timestamp? {
    guard let since else { return nil }
    if let time = Timestamp(since) { return time }
    guard let span = TimeSpan(argument: since), span.seconds <= 1e9 else {
      throw ValidationError("--since: how long ago, such as 90m or 24h, or a time such as 2026-11-23T02:00:00Z")
    }
    return Timestamp(milliseconds: now.milliseconds - Int64(span.seconds * 1000))
  }

  func run() async throws {
    try await told {
      if let agent {
        let found = try await jobs(of: access.client(of: agent))
        try show(found.map { (nil, $0) }, isFleet: false)
      } else {
        try await ofMany(access.identity.inventory())
      }
    }
  }

  private func jobs(of agent: AgentClient) async throws -> [JobStatus] {
    var filter = JobFilter()
    let states = try states()
    // The agent selects one state; more of them, and users, are selected here.
    if states.count == 1 { filter.state = states[0] }
    filter.label = label.flatMap { JobLabel($0) }
    filter.since = try moment(.now())
    let user = user
    return try await agent.allJobs(filter, maximum: limit) { job in
      (states.isEmpty || states.contains(job.state)) && (user.map { job.user.isSame(as: $0) } ?? true)
    }
  }

  private func ofMany(_ inventory: AgentInventory) async throws {
    var found: [(agent: String?, job: JobStatus)] = []
    let failures = try await fleet.ask(inventory, access.patience.limitsForMany) {
      try await jobs(of: $0)
    } answered: {
      agent, jobs in
      found += jobs.map { (agent, $0) }
    }
    found.sort { $0.job.submittedAt > $1.job.submittedAt }
    try show(Array(found.prefix(limit)), isFleet: true)
    if failures > 0 { throw ExitCode(ExitStatus.unavailable.rawValue) }
  }

  private func show(_ jobs: [(agent: String?, job: JobStatus)], isFleet: Bool) throws {
    if json {
      for (agent, job) in jobs { try printJSON(ListedJob(agent: agent, job: job)) }
      return
    }
    let now = Timestamp.now()
    let lines = Table.lines(
      (isFleet ? ["AGENT"] : []) + JobStatus.titles,
      jobs.map { agent, job in (agent.map { [$0] } ?? []) + job.cells(now) },
      colours: (isFleet ? 2 : 1, { jobs[$0].job.colour }))
    for line in lines { try printLine(line) }
  }
}

/// A job in a list for programs: its own keys, and the agent's name if there are several agents.
private struct ListedJob: Encodable {
  let agent: String?
  let job: JobStatus

  private enum CodingKeys: String, CodingKey {
    case agent
  }

  func encode(to encoder: any Encoder) throws {
    try job.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(agent, forKey: .agent)
  }
}
