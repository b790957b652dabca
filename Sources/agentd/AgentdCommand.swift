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

  @Option(name: .shortAndLong, help: ArgumentHelp("Read this configuration file.", valueName: "file"))
  var config: String?

  func run() throws {
    let options = StartOptions(
      configurationFile: config, environment: processEnvironment(), foreground: foreground, checkOnly: checkOnly)
    throw ExitCode(Supervisor.run(options))
  }
}
