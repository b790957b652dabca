import AgentClient
import AgentProtocol
import ArgumentParser
import Glibc

/// Submits a job.
struct SubmitCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit", abstract: "Submit a job and print its id, without waiting.",
    usage: "agentctl submit [options] AGENT -- PROGRAM ARGUMENTS",
    discussion: "With --id the same command may be repeated safely: the job is never run twice.")

  @OptionGroup var target: TargetOptions
  @OptionGroup var job: JobOptions
  @Flag(help: "Print the job as JSON.") var json = false

  func perform(_ agent: AgentClient) async throws {
    let status = try await agent.submit(job.jobID(), try job.request()).job
    try json ? printJSON(status) : printLine(status.id.description)
  }
}

/// Shows a job.
struct ShowCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a job, as JSON.", usage: "agentctl show [options] AGENT ID")

  @OptionGroup var target: TargetOptions
  @OptionGroup var job: JobArgument

  func perform(_ agent: AgentClient) async throws { try printJSON(try await agent.job(job.parsed)) }
}

/// Lists jobs.
struct JobsCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "List jobs, newest first.", usage: "agentctl jobs [options] AGENT")

  @OptionGroup var target: TargetOptions
  @Option(help: "Only jobs in this state.") var state: String?
  @Option(help: ArgumentHelp("Only jobs with this label.", valueName: "name=value")) var label: String?
  @Option(help: "The maximum number of jobs.") var limit = 100
  @Flag(help: "Print one JSON object per line.") var json = false

  func validate() throws {
    if let state, JobState(rawValue: state) == nil {
      throw ValidationError("--state: \(JobState.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    if let label, JobLabel(label) == nil { throw ValidationError("--label: NAME=VALUE") }
    guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit: 1 to 1000000") }
  }

  func perform(_ agent: AgentClient) async throws {
    var filter = JobFilter()
    filter.state = state.flatMap(JobState.init)
    filter.label = label.flatMap { JobLabel($0) }
    for job in try await agent.allJobs(filter, maximum: limit) { try json ? printJSON(job) : printLine(job.line) }
  }
}

/// Prints a job's output.
struct LogsCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print a job's output as it is.", usage: "agentctl logs [options] AGENT ID")

  @OptionGroup var target: TargetOptions
  @OptionGroup var job: JobArgument
  @Flag(name: .shortAndLong, help: "Keep printing until the job ends.") var follow = false
  @Flag(help: "Print its standard error, if kept separate.") var stderr = false
  @Option(help: "Bytes to skip at the beginning.") var offset: Int64 = 0

  func perform(_ agent: AgentClient) async throws {
    let stream: OutputStream = stderr ? .stderr : .stdout
    try await agent.output(of: job.parsed, stream, from: max(0, offset), follow: follow) { try write($0) }
  }
}

/// Waits for a job.
struct WaitCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Wait for the end of a job, print it as JSON, exit with its code.",
    usage: "agentctl wait [options] AGENT ID")

  @OptionGroup var target: TargetOptions
  @OptionGroup var job: JobArgument

  func perform(_ agent: AgentClient) async throws {
    let status = try await agent.finalState(of: job.parsed)
    try printJSON(status)
    throw ExitCode(status.processExitCode)
  }
}

/// Cancels a job, or all jobs of a client.
struct CancelCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "End a job, with TERM, and with KILL after its grace time; or all of a client.",
    usage: "agentctl cancel [options] AGENT ID\n       agentctl cancel [options] AGENT --client SUBJECT")

  @OptionGroup var target: TargetOptions
  @Option(help: ArgumentHelp("All jobs of the client with this subject.", valueName: "subject")) var client: String?
  @Argument(help: "The job's id.") var id: String?

  func validate() throws {
    guard (client == nil) != (id == nil) else { throw ValidationError("name a job, or a client with --client") }
    if client == "" { throw ValidationError("--client: a subject, such as \"CN=scheduler\"") }
    if let id { _ = try JobArgument.checked(id) }
  }

  func perform(_ agent: AgentClient) async throws {
    if let client { return try printJSON(try await agent.cancelAll(of: client)) }
    if let id { try printJSON(try await agent.cancel(try JobArgument.checked(id))) }
  }
}

/// The job that a command refers to.
struct JobArgument: ParsableArguments {
  @Argument(help: "The job's id.") var id: String

  func validate() throws { _ = try Self.checked(id) }

  var parsed: JobID { JobID(id)! }

  static func checked(_ text: String) throws -> JobID {
    if let id = JobID(text) { return id }
    throw ValidationError("a job id has 1 to 128 of A-Z a-z 0-9 . _ -, no dot first")
  }
}
