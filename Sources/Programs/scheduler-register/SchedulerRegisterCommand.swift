import AgentProtocol
import ArgumentParser
import CommandGrammar
import Console
import Glibc
import RegistrationCommands
import SchedulerRegistry
import SystemCalls

/// The command scheduler-register: executes the article's commands, one on the command line or many at a prompt.
struct SchedulerRegisterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scheduler-register",
    abstract: "Manages a scheduler's certificates and its agents.",
    usage: """
      scheduler-register [-H DIR] COMMAND     such as LIST EXEC CONFIG
      scheduler-register [-H DIR]             prompts for or reads commands
      """,
    discussion: """
      HELP lists the commands. Upper and lower case are the same. Quote for the shell what it would split: \
      /NAME="My CA" reaches this program without the quotes and is accepted.
      """,
    version: "scheduler-register \(agentdVersion)")

  @Option(
    name: [.customShort("H"), .customLong("home")],
    help: ArgumentHelp(
      "The scheduler's folder; see scheduler-register(1).", valueName: "dir"))
  var home: String?

  @Argument(parsing: .captureForPassthrough, help: .hidden)
  var command: [String] = []

  func run() throws {
    if home?.isEmpty == true {
      throw ValidationError("-H: its value is empty; is a variable of the shell not set?")
    }
    // Everything after the options is taken as a command, including these.
    switch command.first {
    case "-h", "--help": throw CleanExit.helpRequest(self)
    case "--version": throw CleanExit.message(Self.configuration.version)
    default: break
    }
    let folder = SchedulerHome.resolve(option: home, environment: processEnvironment(), isRoot: geteuid() == 0)
    let registry = SchedulerRegistry(home: folder)
    let isPrompt = command.isEmpty && isatty(STDIN_FILENO) == 1
    let session = Session(
      scheduler: Scheduler(
        registry, hostNames: LocalHost.names,
        askPassword: { prompt throws(SecretInputError) in try PasswordPrompt.ask(prompt, isCancellable: isPrompt) },
        probe: { Probe.reach($0, registry) }, notice: { Notice.tell($0, registry) }))
    let status =
      if !command.isEmpty {
        session.carryOut { () throws(GrammarError) in try ParsedCommand(arguments: command) }
      } else if isPrompt {
        Prompt.converse(session)
      } else {
        session.carryOutStandardInput()
      }
    if status != 0 { throw ExitCode(status) }
  }
}

/// The names of this host.
enum LocalHost {
  /// The full name first, then the part before its first dot, then `localhost`.
  static var names: [String] {
    var buffer = [CChar](repeating: 0, count: 256)
    // One less than the size, so that a truncated name is still terminated.
    guard gethostname(&buffer, buffer.count - 1) == 0, buffer[0] != 0 else { return ["localhost"] }
    let name = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    let short = name.prefix { $0 != "." }.description
    return [name] + (short == name ? [] : [short]) + ["localhost"]
  }
}
