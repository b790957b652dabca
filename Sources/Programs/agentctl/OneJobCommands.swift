import AgentClient
import AgentProtocol
import ArgumentParser

/// Shows a job.
struct ShowCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show all facts about a job.", usage: "agentctl show [options] AGENT ID")

  @OptionGroup var target: TargetOptions
  @OptionGroup var job: JobArgument
  @Flag(help: "Print the job as JSON.") var json = false

  func perform(_ agent: AgentClient) async throws {
    let status = try await agent.job(job.parsed)
    if json { return try printJSON(status) }
    for line in status.lines(.now()) { try printLine(line) }
  }
}

/// Waits for a job.
struct WaitCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Wait for a job's end, say how, exit with its code.",
    usage: "agentctl wait [options] AGENT ID")

  @OptionGroup var target: TargetOptions
  @OptionGroup var job: JobArgument
  @Flag(help: "Print the ended job as JSON.") var json = false

  func perform(_ agent: AgentClient) async throws {
    let status = try await agent.finalState(of: job.parsed)
    try json ? printJSON(status) : printLine(status.sentence)
    throw ExitCode(status.processExitCode)
  }
}

/// Cancels a job, or all jobs of a client.
struct CancelCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "End a job, or all jobs of a client.",
    usage: "agentctl cancel [options] AGENT ID\nagentctl cancel [options] AGENT --client SUBJECT",
    discussion: "It gets TERM, and KILL after its grace time.")

  @OptionGroup var target: TargetOptions
  @Option(help: ArgumentHelp("All jobs of the client with this subject.", valueName: "subject")) var client: String?
  @Argument(help: "The job's id.", completion: JobNames.completion) var id: String?
  @Flag(help: "Print the job, or the numbers of jobs, as JSON.") var json = false

  func validate() throws {
    guard (client == nil) != (id == nil) else { throw ValidationError("name a job, or a client with --client") }
    if client == "" { throw ValidationError("--client: a subject, such as \"CN=scheduler\"") }
    if let id { _ = try JobArgument.checked(id) }
  }

  func perform(_ agent: AgentClient) async throws {
    if let client { return try await cancelAll(of: client, agent) }
    guard let id else { return }
    let job = try JobArgument.checked(id)
    let before = try await agent.job(job)
    let status = before.state.isFinal ? before : try await agent.cancel(job)
    if json { return try printJSON(status) }
    try printLine(
      before.state.isFinal
        ? "\(job) has already ended: \(before.howItEnded)"
        : status.state.isFinal
          ? status.sentence
          : "\(job) is being cancelled; see its end with: \(target.access.command("wait", target.agent, "\(job)"))")
  }

  private func cancelAll(of client: String, _ agent: AgentClient) async throws {
    let jobs = try await agent.cancelAll(of: client)
    if json { return try printJSON(jobs) }
    try printLine(
      "jobs of \(client): \(jobs.queued) that waited are cancelled, \(jobs.running) that run are being cancelled")
  }
}

/// Deletes the record of a job that has ended.
struct DeleteCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete an ended job with its output.",
    usage: "agentctl delete [options] AGENT ID")

  @OptionGroup var target: TargetOptions
  @OptionGroup var job: JobArgument
  @Flag(help: "Print the id as JSON.") var json = false

  private struct Deleted: Encodable {
    let deleted = true
    let id: JobID
  }

  func perform(_ agent: AgentClient) async throws {
    // A job that never existed is an error for a person, although it is none for a request that is repeated.
    _ = try await agent.job(job.parsed)
    try await agent.forget(job.parsed)
    try json ? printJSON(Deleted(id: job.parsed)) : printLine("\(job.id) is deleted")
  }
}

/// The job that a command refers to.
struct JobArgument: ParsableArguments {
  @Argument(help: "The job's id.", completion: JobNames.completion) var id: String

  func validate() throws { _ = try Self.checked(id) }

  var parsed: JobID { JobID(id)! }

  static func checked(_ text: String) throws -> JobID {
    if let id = JobID(text) { return id }
    throw ValidationError("a job id has 1 to 128 of A-Z a-z 0-9 . _ -, no dot first")
  }
}
