import CertificateAuthority
import CertificateStore
import CommandGrammar
import Console
import OpenSSL
import SchedulerRegistry
import SystemCalls
import Values

/// A scheduler, on which the commands of the article operate.
public struct Scheduler: Sendable {
  /// Prompts a user for a password, without echo.
  public typealias PasswordQuestion = @Sendable (_ prompt: String) throws(SecretInputError) -> SecretBytes
  /// Tries to reach an agent that has just been added.
  public typealias AgentProbe = @Sendable (_ connector: ExecutorConnector) -> ProbeOutcome

  /// Tells agents to look for newer lists, and returns why the others could not be told, by agent name.
  public typealias AgentNotice = @Sendable (_ connectors: [ExecutorConnector]) -> [String: String]

  let registry: SchedulerRegistry
  /// The names that /SERVER= accepts; the first is shown.
  let hostNames: [String]
  let askPassword: PasswordQuestion
  let probe: AgentProbe
  let notice: AgentNotice

  /// Creates a scheduler.
  ///
  /// - Parameters:
  ///   - registry: the registry with its state.
  ///   - hostNames: the names of this host; at least one.
  public init(
    _ registry: SchedulerRegistry, hostNames: [String], askPassword: @escaping PasswordQuestion = PasswordPrompt.ask,
    probe: @escaping AgentProbe, notice: @escaping AgentNotice = { _ in [:] }
  ) {
    self.registry = registry
    self.hostNames = hostNames
    self.askPassword = askPassword
    self.probe = probe
    self.notice = notice
  }

  /// The names of the agents, for completion.
  public var agentNames: [String] { ((try? registry.record())?.connectors ?? []).map(\.agentName) }

  /// Executes one command. A command that fails changes nothing.
  ///
  /// - Throws: `GrammarError`, `CommandError`, or an error of the lower layers; see `CommandError.init(_:)`.
  public func carryOut(_ parsed: ParsedCommand) throws -> CommandAnswer {
    let command = try SchedulerCommand.of(parsed.words)
    if command == .help { return try Help.answer(parsed.words.dropFirst()) }
    try command.syntax.check(parsed)
    let switches = Switches(parsed)
    return switch command {
    case .createRoot: try createRoot(switches)
    case .createConnectorCertificate: try createConnectorCertificate(switches)
    case .createListenerCertificate: try createListenerCertificate(switches)
    case .signRequest: try signRequest(switches)
    case .addConnector: try addConnector(switches)
    case .removeConnector: try removeConnector(switches)
    case .listConnectors: try listConnectors(switches)
    case .listConfiguration: try listConfiguration(switches)
    case .exportRoot: try exportRoot(switches)
    case .exportConnectorCertificate: try exportConnectorCertificate(switches)
    case .importRoot: try importRoot(switches)
    case .importConnectorCertificate: try importConnectorCertificate(switches)
    case .createEnrolmentCode: try createEnrolmentCode(switches)
    case .listEnrolmentCodes: try listEnrolmentCodes(switches)
    case .removeEnrolmentCode: try removeEnrolmentCode(switches)
    case .serveEnrolment: try serveEnrolment(switches)
    case .revokeCertificate: try revokeCertificate(switches)
    case .exportRevocationList: try exportRevocationList(switches)
    case .importRevocationList: try importRevocationList(switches)
    case .listRoots: try listRoots(switches)
    case .setDefaultRoot: try setDefaultRoot(switches)
    case .removeRoot: try removeRoot(switches)
    case .createOperatorCertificate: try createOperatorCertificate(switches)
    case .listCertificates: try listCertificates(switches)
    case .setDefaultConnector: try setDefaultConnector(switches)
    case .removeConnectorCertificate: try removeConnectorCertificate(switches)
    case .exportConnectors: try exportConnectors(switches)
    case .importConnectors: try importConnectors(switches)
    case .help: CommandAnswer()
    }
  }

  /// The present time, in seconds since the epoch.
  var now: Int64 { Timestamp.now().seconds }
}

/// The outcome of an attempt to reach an agent.
public enum ProbeOutcome: Equatable, Sendable {
  /// It answered, and each side accepted the other.
  case connected(sha256Thumbprint: Thumbprint, version: String)
  /// It did not answer, or one side refused the other.
  case failed(reason: String)
}

/// Executes HELP.
enum Help {
  static func answer(_ words: ArraySlice<String>) throws(GrammarError) -> CommandAnswer {
    if words.isEmpty {
      let width = (SchedulerCommand.allCases.map(\.syntax.name.count).max() ?? 0) + 2
      return CommandAnswer(
        SchedulerCommand.allCases.flatMap { $0.syntax.entry(width: width) } + [
          "HELP COMMAND shows its switches. Upper and lower case are the same.",
          "A command may continue on the next line.",
        ])
    }
    return CommandAnswer(try SchedulerCommand.of(Array(words)).syntax.help)
  }
}
