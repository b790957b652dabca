import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser
import Glibc

/// Runs a job to its end, on one agent or on many.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a job: show its output, exit with its code.",
    usage: """
      agentctl run [options] AGENT -- PROGRAM ARGUMENTS
      agentctl run [options] -a 'web*' -a db1 -- PROGRAM ARGUMENTS
      """,
    discussion: """
      Ctrl-C cancels the job and waits for its end; a second one exits at once, and the job keeps running. With -a it runs \
      on many agents side by side: each line of output begins with the agent's name, a summary comes last, and the exit \
      code is 0 only if all succeeded.
      """)

  @Argument(help: AgentNames.help, completion: AgentNames.completion)
  var agent: String?
  @OptionGroup var fleet: FleetOptions
  @OptionGroup var access: AccessOptions
  @OptionGroup var job: JobOptions
  @Flag(help: "Print the ended job as JSON; with -a one per line.") var json = false

  func validate() throws {
    guard (agent == nil) != fleet.patterns.isEmpty else { throw ValidationError("name one agent, or many with -a") }
    if let agent { try access.validate(agent) }
    if agent == nil, access.identity.cert != nil {
      throw ValidationError("-a is for the scheduler's agents, so it cannot be combined with --cert")
    }
  }

  func run() async throws {
    try await told {
      if let agent { try await onOne(access.client(of: agent)) } else { try await onMany(access.identity.inventory()) }
    }
  }

  private func onOne(_ agent: AgentClient) async throws {
    let job = RunningJob(job.jobID(), try job.request(), on: agent)
    let interruption = Interruption { Task { await job.cancel() } }
    defer { interruption.end() }
    try await job.submit()
    interruption.arm()
    let isSilent = json
    let status = try await job.end { if !isSilent { try write($1, as: $0) } }
    if json {
      try printJSON(status)
    } else if let reason = status.reason {
      complain("\(status.state.rawValue): \(reason)")
    }
    throw ExitCode(status.processExitCode)
  }

  private func onMany(_ inventory: AgentInventory) async throws {
    let connectors = try fleet.connectors(inventory)
    let run = FleetRun(id: job.jobID(), request: try job.request(), agents: connectors.count, isJSON: json)
    let interruption = Interruption { run.cancel() }
    interruption.arm()
    defer { interruption.end() }
    let limits = access.patience.limits
    try await sideBySide(connectors, width: fleet.parallel) { connector in
      await run.perform(connector.agentName) { try inventory.client(of: connector, limits: limits) }
    } ended: {
      try run.ended($0.agentName, $1)
    }
    throw ExitCode(run.summary())
  }
}

/// A job on an agent, from submission to end.
struct RunningJob: Sendable {
  let id: JobID
  private let request: JobRequest
  private let agent: AgentClient

  init(_ id: JobID, _ request: JobRequest, on agent: AgentClient) {
    (self.id, self.request, self.agent) = (id, request, agent)
  }

  func submit() async throws { _ = try await agent.submit(id, request) }

  /// Waits for the end of the job and passes its output to `take` as it arrives; two streams are read concurrently.
  func end(_ take: @escaping @Sendable (OutputStream, [UInt8]) throws -> Void) async throws -> JobStatus {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for stream in request.stderr == .separate ? OutputStream.allCases : [.stdout] {
        group.addTask { try await agent.output(of: id, stream, follow: true) { try take(stream, $0) } }
      }
      try await group.waitForAll()
    }
    return try await agent.finalState(of: id)
  }

  /// Cancels the job.
  ///
  /// - Parameter isTold: whether to print a message about it.
  func cancel(isTold: Bool = true) async {
    if isTold { complain("cancelling \(id)") }
    do { try await agent.cancel(id) } catch { complain("cannot cancel \(id) on \(agent.address.name): \(error)") }
  }
}
