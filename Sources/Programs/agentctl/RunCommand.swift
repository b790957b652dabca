import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser

/// Runs a job to its end, on one agent or on many.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a job: show its output, exit with its code.",
    usage: "agentctl run [options] (AGENT | -a 'web*' -a db1) -- PROGRAM ARGUMENTS", aliases: ["exec"])

  @Argument(help: AgentNames.help, completion: AgentNames.single)
  var agent: String?
  @OptionGroup var fleet: FleetOptions
  @OptionGroup var access: AccessOptions
  @OptionGroup var job: JobOptions
  @Option(help: ArgumentHelp("Start no more after so many failures.", valueName: "number"))
  var stopAfterFailures: Int?
  @Flag(help: "Print the ended job as JSON; with -a one per line.") var json = false

  func validate() throws {
    try fleet.validate(agent, access)
    guard let stopAfterFailures else { return }
    guard agent == nil else { throw ValidationError("--stop-after-failures needs -a") }
    guard stopAfterFailures > 0 else { throw ValidationError("--stop-after-failures: 1 or more") }
  }

  func run() async throws {
    try await told {
      if let agent { try await onOne(agent) } else { try await onMany(access.identity.inventory()) }
    }
  }

  private func onOne(_ name: String) async throws {
    let agent = try access.client(of: name)
    let (request, isChosenHere) = try request()
    let job = RunningJob(job.jobID(), request, errorsMayDiffer: isChosenHere, on: agent)
    let run = SingleRun(job, following: access.command("logs", "-f", name, "\(job.id)"))
    throw ExitCode(try await run.perform(isJSON: json))
  }

  private func onMany(_ inventory: AgentInventory) async throws {
    let connectors = try fleet.connectors(inventory)
    let (request, isChosenHere) = try request()
    let id = job.jobID()
    let run = FleetRun(
      FleetRun.Plan(
        id: id, request: request, errorsMayDiffer: isChosenHere, agents: connectors.count, atOnce: fleet.atOnce,
        mostFailures: stopAfterFailures, isJSON: json,
        following: access.command(["logs", "-f"] + fleet.patterns.flatMap { ["-a", $0] } + ["\(id)"])))
    let usual = access.patience.limits
    throw ExitCode(
      try await run.perform(connectors) { connector, retrying in
        var limits = usual
        limits.retrying = retrying
        return try inventory.client(of: connector, limits: limits)
      })
  }

  /// Returns the request, and whether this program has chosen where standard error goes: apart from the output if that is so here.
  private func request() throws -> (JobRequest, isChosenHere: Bool) {
    var request = try job.request()
    let isChosenHere = request.stderr == nil
    // With --json, no output is shown.
    if isChosenHere, !json, errorsGoElsewhere { request.stderr = .separate }
    return (request, isChosenHere)
  }
}
