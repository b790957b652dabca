import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser
import Glibc
import HTTPSClient
import SchedulerRegistry
import Values
import Wording

/// The agent, and our identity to it.
struct TargetOptions: ParsableArguments {
  @Argument(help: AgentNames.help, completion: AgentNames.single)
  var agent: String
  @OptionGroup var access: AccessOptions

  func validate() throws { try access.validate(agent) }

  /// Returns a client for the agent.
  ///
  /// - Throws: `AgentError.unusable` if a file is, or if there is no such agent.
  func client() throws -> AgentClient { try access.client(of: agent) }
}

/// How to reach an agent, by the scheduler's name for it or by its address.
struct AccessOptions: ParsableArguments {
  @OptionGroup var identity: IdentityOptions
  @OptionGroup var patience: PatienceOptions
  @Option(help: ArgumentHelp("The name in the agent's certificate.", valueName: "name"))
  var name: String?

  func validate(_ agent: String) throws {
    guard ServerAddress(agent, port: HostAndPort.agentPort) != nil else {
      throw ValidationError("\(printable(agent)): an agent's name, or HOST[:PORT]")
    }
    if name != nil, identity.cert == nil { throw ValidationError("--name needs --cert, --key and --ca") }
  }

  /// Returns a command of agentctl with these options, to be typed in a shell.
  func command(_ words: String...) -> String { command(words) }

  /// The same for words in an array.
  func command(_ words: [String]) -> String {
    let options = [
      ("-H", identity.home), ("--cert", identity.cert), ("--key", identity.key), ("--ca", identity.ca),
      ("--name", name),
    ].flatMap { option, value in value.map { [option, $0] } ?? [] }
    return (["agentctl"] + words + options).map(shellWord).joined(separator: " ")
  }

  func client(of agent: String) throws -> AgentClient {
    guard let context = try identity.fileContext() else { return try registered(agent) }
    guard var address = ServerAddress(agent, port: HostAndPort.agentPort) else {
      throw AgentError.unusable("\(agent): HOST or HOST:PORT")
    }
    address.name = name ?? address.name
    return AgentClient(address, tls: context, limits: patience.tellingLimits)
  }

  /// Returns what was probably meant by a name that no agent has: the agent named after it, or one with a similar name.
  private static func meant(by name: String, _ inventory: AgentInventory) -> String? {
    let words = CommandLine.arguments.dropFirst().prefix { !$0.isSame(as: "--") }
    if let later = words.drop(while: { !$0.isSame(as: name) }).dropFirst().first(where: {
      inventory.connector(named: $0) != nil
    }) {
      return "the agent comes first: agentctl \(words.first ?? "show") \(later) \(shellWord(name))"
    }
    return nearestWord(to: name, among: inventory.connectors.map(\.agentName)).map { "did you mean \($0)?" }
  }

  private func registered(_ agent: String) throws -> AgentClient {
    let inventory = try identity.inventory()
    return try unusable {
      guard let connector = inventory.connector(named: agent) else {
        if let meant = Self.meant(by: agent, inventory) {
          throw AgentError.unusable("there is no agent \(agent); \(meant)")
        }
        throw InventoryError.noAgent(agent, home: inventory.home, isEmpty: inventory.connectors.isEmpty)
      }
      guard connector.isEnabled else {
        throw AgentError.unusable(
          "\(connector.agentName) is disabled; enable it with: agentctl enable \(connector.agentName)")
      }
      return try inventory.client(of: connector, limits: patience.tellingLimits)
    }
  }
}

/// How long to keep trying.
struct PatienceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Retry an unreachable agent (default: 60s).", valueName: "time"))
  var patience: TimeSpan?

  func validate() throws {
    if let patience, !(0...86400).contains(patience.seconds) { throw ValidationError("--patience: 0 to 86400 seconds") }
  }

  var limits: ClientLimits { limits(unlessGiven: 60) }

  /// The limits for questions to many agents: one that is away must not delay the answers of the others for long.
  var limitsForMany: ClientLimits { limits(unlessGiven: 5) }

  private func limits(unlessGiven usual: Double) -> ClientLimits {
    var limits = ClientLimits()
    limits.patience = patience?.seconds ?? usual
    // One attempt must not take longer than all of them; 0 allows a single one.
    if limits.patience > 0 { limits.connectTime = min(limits.connectTime, limits.patience) }
    return limits
  }

  /// The same limits for a command on one agent, which reports on a terminal that the agent cannot be reached.
  var tellingLimits: ClientLimits {
    var limits = limits
    if isatty(STDERR_FILENO) == 1 {
      let patience = TimeSpan(seconds: limits.patience)
      limits.retrying = { complain("\($0); trying again for up to \(patience) (--patience)") }
    }
    return limits
  }
}
