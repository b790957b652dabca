import AgentProtocol
import ArgumentParser
import Glibc
import Supervisor
import SystemCalls
import Values
import Wording

/// The command line of agentd.
struct AgentdCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agentd",
    abstract: "Runs jobs for a scheduler, over mutual TLS. See agentd(8).",
    // One line per option, so that everything fits on a screen; agentd(8) has the details.
    usage: """
      agentd [-F] [-c FILE]
      agentd -t [-c FILE] [--at TIME] [--as CLIENT ... -- COMMAND]
      agentd -C FILE | --kill-daemon [-c FILE] | --remove-service
      agentd --status [-c FILE]
      """,
    version: "agentd \(agentdVersion)")

  @Flag(name: [.customShort("F"), .long], help: "Stay in the foreground; log to standard error.")
  var foreground = false

  @Flag(name: [.customShort("t"), .customLong("test")], help: "Check configuration and certificates, then exit.")
  var checkOnly = false

  @Option(
    name: .customLong("at"),
    help: ArgumentHelp(
      "With -t: fail if anything breaks by this date.",
      valueName: "time"))
  var moment: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Read this configuration file.", valueName: "file"), completion: .file())
  var config: String?

  @Option(
    name: [.customShort("C"), .customLong("write")],
    help: ArgumentHelp("Write a commented configuration; - prints it.", valueName: "file"), completion: .file())
  var newConfiguration: String?

  @Flag(name: .customLong("kill-daemon"), help: "End the running agentd; jobs keep running.")
  var killDaemon = false

  @Flag(name: .customLong("remove-service"), help: "Remove what starts agentd with the host.")
  var removeService = false

  @Flag(name: .customLong("status"), help: "Show what runs here, as whom, since when, by whom.")
  var showsStatus = false

  @OptionGroup(title: "Explain a decision") var explaining: ExplainOptions

  func run() throws {
    for (name, value) in [("-c", config), ("-C", newConfiguration), ("--at", moment)] where value?.isEmpty == true {
      throw ValidationError("\(name): its value is empty; is a variable of the shell not set?")
    }
    if showsStatus, foreground || checkOnly || newConfiguration != nil || killDaemon || removeService {
      throw ValidationError("--status can be combined with -c alone: agentd --status [-c FILE]")
    }
    let isEnding = killDaemon || removeService
    if newConfiguration != nil, foreground || checkOnly || config != nil || isEnding {
      throw ValidationError("-C cannot be combined with other options: agentd -C FILE")
    }
    if isEnding, foreground || checkOnly {
      throw ValidationError("--kill-daemon and --remove-service cannot be combined with -F and -t")
    }
    var options = StartOptions(
      configurationFile: config, environment: processEnvironment(), foreground: foreground, checkOnly: checkOnly)
    options.newConfiguration = newConfiguration
    options.killsDaemon = killDaemon
    options.removesService = removeService
    options.showsStatus = showsStatus
    options.forecastUntil = try forecastMoment()
    options.question = try explaining.question(checkOnly)
    throw ExitCode(Supervisor.run(options))
  }

  /// Executes the command line, and exits. A usage error is one line, like every other error.
  static func start(_ arguments: [String]) -> Never {
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
      exit()
    } catch {
      guard !(error is ExitCode), exitCode(for: error) == .validationFailure else { exit(withError: error) }
      let unknown = arguments.first.flatMap { word in
        OtherPrograms.answer(arguments, of: .agentd).map { "\(printable(word)): \($0)" }
      }
      let line = Array("agentd: \(unknown ?? "\(printable(message(for: error))); see agentd --help")\n".utf8)
      write(STDERR_FILENO, line, line.count)
      exit(withError: ExitCode.validationFailure)
    }
  }

  private func forecastMoment() throws -> Timestamp? {
    guard let moment else { return nil }
    guard checkOnly else { throw ValidationError("--at needs -t") }
    guard let time = Timestamp.momentOrDate(moment), time > .now() else {
      throw ValidationError(
        "--at: \(String(reflecting: moment)) is not a future time such as 2099-12-31T23:59:59Z or 2099-12-31")
    }
    return time
  }
}
