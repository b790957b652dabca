import AgentProtocol
import ArgumentParser
import Supervisor
import SystemCalls

/// The options of agentd as the one who starts it gives them.
struct AgentdCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agentd",
    abstract: "Run jobs for a scheduler, over TLS with certificates on both sides.",
    discussion: """
      Without -F it detaches as soon as it serves and logs to a file. SIGHUP reloads configuration and store, SIGTERM ends \
      agentd and leaves the jobs alone, SIGUSR1 logs a summary. Certificates come with agent-register.
      """,
    version: "agentd \(agentdVersion)")

  @Flag(name: [.customShort("F"), .long], help: "Stay in the foreground and log to standard error.")
  var foreground = false

  @Flag(name: [.customShort("t"), .customLong("test")], help: "Check configuration and certificate store, then exit.")
  var checkOnly = false

  @Option(
    name: .customLong("at"),
    help: ArgumentHelp(
      "With -t: fail if anything of the store, or for the clients seen lately, breaks until then (2026-12-31).",
      valueName: "time"))
  var moment: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Read this configuration file.", valueName: "file"))
  var config: String?

  @OptionGroup(title: "Explain a decision") var explaining: ExplainOptions

  func run() throws {
    var options = StartOptions(
      configurationFile: config, environment: processEnvironment(), foreground: foreground, checkOnly: checkOnly)
    options.forecastUntil = try forecastMoment()
    options.question = try explaining.question(checkOnly)
    throw ExitCode(Supervisor.run(options))
  }

  private func forecastMoment() throws -> Timestamp? {
    guard let moment else { return nil }
    guard checkOnly else { throw ValidationError("--at goes with -t") }
    guard let time = Timestamp.momentOrDate(moment), time > .now() else {
      throw ValidationError(
        "--at: \(String(reflecting: moment)) is no time to come such as 2099-12-31T23:59:59Z or 2099-12-31")
    }
    return time
  }
}
