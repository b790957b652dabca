import AgentRegistration
import ArgumentParser
import Console
import SystemCalls
import Wording

/// The command agent-register, also installed as jams-register.
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
        \(programName) -V [FILE] --at TIME | --env-diff USER | --refresh
        """,
      discussion: """
        HASH is a thumbprint, or its first 8 digits or more. See agent-register(8).
        """,
      version: "agent-register \(Registration.version)")
  }

  @OptionGroup var importing: ImportOptions
  @OptionGroup var requesting: RequestOptions
  @OptionGroup var listening: ListenerOptions
  @OptionGroup var keeping: StoreOptions
  @OptionGroup var jobs: JobOptions
  @OptionGroup var general: GeneralOptions

  func run() throws {
    // Not in validate(): an unknown option is the more likely mistake, and must be reported first.
    try RegisterAction.check(self)
    do {
      let invocation = Registration.Invocation(
        program: Self.programName, configurationFile: general.config, json: general.json)
      let report = try RegisterAction.of(self).carryOut(Registration(invocation, environment: processEnvironment()))
      try Self.deliver(report)
      if report.status != .success { throw ExitCode(report.status.rawValue) }
    } catch let exit as ExitCode {
      throw exit
    } catch {
      let error = CommandError(error)
      Self.complain(error.description)
      throw ExitCode(error.status.rawValue)
    }
  }

  /// Executes the command line, and exits. A usage error is one line, like every other error.
  static func start(_ arguments: [String]) -> Never {
    do {
      for options in try UpdateListener.options(for: arguments) {
        var command = try parseAsRoot(options)
        try command.run()
      }
      exit()
    } catch let error as SystemError {
      complain("\(error)")
      exit(withError: ExitCode(CommandError(error).status.rawValue))
    } catch {
      guard !(error is ExitCode), exitCode(for: error) == .validationFailure else { exit(withError: error) }
      let unknown = arguments.first.flatMap { word in
        OtherPrograms.answer(arguments, of: .agentRegister).map { "\(word): \($0)" }
      }
      complain(unknown ?? "\(RegisterOption.withCaseHint(message(for: error))); see \(programName) --help")
      exit(withError: ExitCode.validationFailure)
    }
  }

  /// The name that the program was called by, so that messages and hints can be copied.
  static var programName: String { Path.name(of: CommandLine.arguments.first ?? "agent-register") }

  private static func deliver(_ report: Report) throws(CommandError) {
    for warning in report.warnings { complain("warning: \(warning)") }
    do throws(SystemError) { try StandardStream.output.write(report.output) } catch {
      throw CommandError(.inputOutput, "\(StandardStream.output.rawValue): \(error.reason)")
    }
  }

  private static func complain(_ text: String) { StandardStream.complain(text, programName) }
}

extension RegisterCommand {
  /// Returns whether the command line has the option.
  func has(_ option: RegisterOption) -> Bool {
    switch option {
    case .importFile: importing.file != nil
    case .queryPassword: importing.queryPassword
    case .passwordFile: importing.passwordFile != nil
    case .removeSource: importing.removeSource
    case .request: requesting.isWanted
    case .name: requesting.name != nil
    case .server: requesting.server != nil
    case .renew: requesting.renew
    case .refresh: requesting.refresh
    case .startedByAgentd: requesting.startedByAgentd
    case .listener: listening.isWanted
    case .thumbprint: !listening.thumbprint.isEmpty
    case .disable: !listening.disable.isEmpty
    case .enable: !listening.enable.isEmpty
    case .bind: !listening.addresses.isEmpty
    case .port: listening.port != nil
    case .list: keeping.list
    case .remove: !keeping.remove.isEmpty
    case .force: keeping.force
    case .export: !keeping.export.isEmpty
    case .output: keeping.output != nil
    case .verify: keeping.verify != nil
    case .moment: keeping.moment != nil
    case .environmentDifference: jobs.user != nil
    case .config: general.config != nil
    case .json: general.json
    // The parser handles these itself.
    case .version, .help: false
    }
  }
}
