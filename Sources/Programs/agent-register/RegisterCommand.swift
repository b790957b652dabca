import AgentRegistration
import ArgumentParser
import SystemCalls

/// agent-register, also installed as jams-register.
struct RegisterCommand: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: programName,
      abstract: "Imports certificates for agentd and configures its listener.",
      usage: """
        \(programName) -I FILE [-q | -P FILE] [--remove-source]
        \(programName) -R -s SERVER [-n NAME] | -R -o FILE [-n NAME] | --renew
        \(programName) -L [-t HASH] [-d METHOD] [-b ADDRESS] [-p N] [-s SERVER]
        \(programName) -l | -x HASH [--force] | -E HASH [-o FILE] | -V FILE
        \(programName) -V [FILE] --at TIME | --env-diff USER
        """,
      discussion: """
        HASH is a SHA-1 or SHA-256 thumbprint, or its first 8 digits or more. Run it as the user that runs agentd, usually root. \
        See agent-register(8).
        """,
      version: "agent-register \(Registration.version)")
  }

  static let longOptions: Set<String> = [
    "import", "query-password", "password-file", "remove-source", "listener", "thumbprint", "disable", "enable", "bind",
    "port", "list", "remove", "force", "export", "output", "verify", "at", "env-diff", "config", "json", "request",
    "name", "server", "renew", "started-by-agentd",
    "version", "help",
  ]

  @OptionGroup var importing: ImportOptions
  @OptionGroup var requesting: RequestOptions
  @OptionGroup var listening: ListenerOptions
  @OptionGroup var keeping: StoreOptions
  @OptionGroup var jobs: JobOptions
  @OptionGroup var general: GeneralOptions

  func run() throws {
    // Not in validate(): an unknown option is the likelier mistake, and is to be told first.
    try Wish.check(self)
    do {
      let invocation = Registration.Invocation(
        program: Self.programName, configurationFile: general.config, json: general.json)
      let report = try Wish.of(self).carryOut(Registration(invocation, environment: processEnvironment()))
      try deliver(report)
      if report.status != .success { throw ExitCode(report.status.rawValue) }
    } catch let exit as ExitCode {
      throw exit
    } catch {
      let error = RegistrationError(error)
      complain(error.description)
      throw ExitCode(error.status.rawValue)
    }
  }

  /// Does what the arguments ask for, and exits. A misuse is one line, as every other error.
  static func start(_ arguments: [String]) -> Never {
    do {
      for options in try UpdateListener.options(for: arguments) {
        var command = try parseAsRoot(options)
        try command.run()
      }
      exit()
    } catch let error as SystemError {
      complain("\(error)")
      exit(withError: ExitCode(RegistrationError(error).status.rawValue))
    } catch {
      guard !(error is ExitCode), exitCode(for: error) == .validationFailure else { exit(withError: error) }
      complain("\(withCaseHint(message(for: error))); see \(programName) --help")
      exit(withError: ExitCode.validationFailure)
    }
  }

  /// The name it was called by, so that messages and hints can be copied.
  static var programName: String { Path.name(of: CommandLine.arguments.first ?? "agent-register") }
}
