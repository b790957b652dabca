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

  @Argument(help: AgentNames.help, completion: AgentNames.single)
  var agent: String?
  @OptionGroup var fleet: FleetOptions
  @OptionGroup var access: AccessOptions
  @Option(
    help: ArgumentHelp("Only jobs in these states, as in failed,killed.", valueName: "state"),
    completion: StateNames.completion)
  var state: String?
  @Option(help: ArgumentHelp("Only jobs that run as this user.", valueName: "user")) var user: String?
  @Option(help: ArgumentHelp("Only jobs submitted since then: 24h, or a time.", valueName: "time")) var since: String?
  @Option(help: ArgumentHelp("Only jobs with this label.", valueName: "name=value")) var label: String?
  @Option(help: "The maximum number of jobs.") var limit = 100
  @Flag(name: .shortAndLong, help: "Then print each job again whose state changes.") var watch = false
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
    guard let span = TimeSpan(since), span.seconds <= 1e9 else {
      throw ValidationError("--since: how long ago, such as 90m or 24h, or a time such as 2026-11-23T02:00:00Z")
    }
    return Timestamp(milliseconds: now.milliseconds - Int64(span.seconds * 1000))
  }

  func run() async throws {
    try await told {
      if let agent {
        let client = try access.client(of: agent)
        let watched = watch ? [try await WatchedAgent(client, name: nil)] : []
        let found = try await jobs(of: client)
        try await show(found.map { ListedJob(agent: nil, job: $0) }, isFleet: false, watched)
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
    return try await agent.allJobs(filter, maximum: limit, where: { isWanted($0, states) })
  }

  private func isWanted(_ job: JobStatus, _ states: [JobState]) -> Bool {
    (states.isEmpty || states.contains(job.state)) && (user.map { job.user.isSame(as: $0) } ?? true)
      && (label.flatMap { JobLabel($0) }.map { job.labels[$0.name]?.isSame(as: $0.value) ?? false } ?? true)
  }

  private func ofMany(_ inventory: AgentInventory) async throws {
    var found: [ListedJob] = []
    var watched: [WatchedAgent] = []
    let failures = try await fleet.ask(inventory, access.patience.limitsForMany) { agent in
      // Its events begin before the list, so that none is missed in between.
      let watching = watch ? try await WatchedAgent(agent, name: agent.address.name) : nil
      return (watching, try await jobs(of: agent))
    } answered: {
      agent, answer in
      found += answer.1.map { ListedJob(agent: agent, job: $0) }
      if let watching = answer.0 { watched.append(watching) }
    }
    found.sort { $0.job.submittedAt > $1.job.submittedAt }
    try await show(Array(found.prefix(limit)), isFleet: true, watched)
    if failures > 0 { throw ExitCode(ExitStatus.unavailable.rawValue) }
  }

  private func show(_ jobs: [ListedJob], isFleet: Bool, _ watched: [WatchedAgent]) async throws {
    var jobs = jobs
    for line in json ? [] : Self.lines(jobs, isFleet) { try printLine(line) }
    if json { for job in jobs { try printJSON(job) } }
    if watched.isEmpty { return }
    let states = try states()
    try await WatchedAgent.changes(of: watched) { job in
      guard isWanted(job.job, states) else { return }
      if json { return try printJSON(job) }
      // Below the columns of the jobs before it.
      jobs = Array(jobs.suffix(limit)) + [job]
      if let line = Self.lines(jobs, isFleet).last { try printLine(line) }
    }
  }

  private static func lines(_ jobs: [ListedJob], _ isFleet: Bool) -> [String] {
    let now = Timestamp.now()
    return Table.lines(
      (isFleet ? ["AGENT"] : []) + JobStatus.titles,
      jobs.map { listed in (listed.agent.map { [$0] } ?? []) + listed.job.cells(now) },
      colours: (isFleet ? 2 : 1, { jobs[$0].job.colour }))
  }
}

/// A job in a list for programs: its own keys, and the agent's name if there are several agents.
struct ListedJob: Encodable, Sendable {
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
