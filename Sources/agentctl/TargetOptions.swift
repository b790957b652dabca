import AgentClient
import AgentInventory
import ArgumentParser
import SchedulerRegistry
import TerminalText

/// Which agent, and how it is told who we are.
struct TargetOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The agent's name; or HOST[:PORT], with --cert.", valueName: "agent"),
    completion: AgentNames.completion)
  var agent: String
  @OptionGroup var identity: IdentityOptions
  @OptionGroup var patience: PatienceOptions
  @Option(help: ArgumentHelp("The name in the agent's certificate.", valueName: "name"))
  var name: String?

  func validate() throws { try target.validate() }

  private var target: Target { Target(agent: agent, name: name, identity: identity, limits: patience.limits) }

  /// The agent's client.
  ///
  /// - Throws: `AgentError.unusable` where a file is, or where there is no such agent.
  func client() throws -> AgentClient { try target.client() }
}

/// One agent, by the scheduler's name for it or by its address.
struct Target {
  var agent: String
  var name: String?
  var identity: IdentityOptions
  var limits: ClientLimits

  func validate() throws {
    guard AgentAddress(agent) != nil else {
      throw ValidationError("\(printable(agent)): an agent's name, or HOST[:PORT]")
    }
    if name != nil, identity.cert == nil { throw ValidationError("--name goes with --cert, --key and --ca") }
  }

  func client() throws -> AgentClient {
    guard let context = try identity.fileContext() else { return try registered() }
    guard var address = AgentAddress(agent) else { throw AgentError.unusable("\(agent): HOST or HOST:PORT") }
    address.name = name ?? address.name
    return AgentClient(address, tls: context, limits: limits)
  }

  private func registered() throws -> AgentClient {
    let inventory = try identity.inventory()
    return try unusable {
      guard let connector = inventory.connector(named: agent) else {
        throw InventoryError.noAgent(agent, home: inventory.home, isEmpty: inventory.connectors.isEmpty)
      }
      guard connector.isEnabled else {
        throw AgentError.unusable(
          "\(connector.agentName) is disabled: agentctl enable \(connector.agentName) has it used again")
      }
      return try inventory.client(of: connector, limits: limits)
    }
  }
}

/// How stubborn we are.
struct PatienceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Go on trying while the agent is away.", valueName: "seconds"))
  var patience = 60.0

  func validate() throws {
    guard (0...86400).contains(patience) else { throw ValidationError("--patience: 0 to 86400 seconds") }
  }

  var limits: ClientLimits {
    var limits = ClientLimits()
    limits.patience = patience
    return limits
  }
}

/// Agents' names for a shell's completion.
enum AgentNames {
  static var completion: CompletionKind {
    .custom { _, _, prefix in
      let names = (try? IdentityOptions.parse([]).inventory().connectors.map(\.agentName)) ?? []
      return names.filter { $0.hasPrefix(prefix) }
    }
  }
}
