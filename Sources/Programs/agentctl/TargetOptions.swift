import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser
import Glibc
import HTTPSClient
import SchedulerRegistry
import Wording

/// The agent, and our identity to it.
struct TargetOptions: ParsableArguments {
  @Argument(help: AgentNames.help, completion: AgentNames.completion)
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

  private func registered(_ agent: String) throws -> AgentClient {
    let inventory = try identity.inventory()
    return try unusable {
      guard let connector = inventory.connector(named: agent) else {
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

/// The names of agents on a command line.
enum AgentNames {
  static let help = ArgumentHelp(
    "The agent's name; or HOST[:PORT], with --cert.", valueName: "agent")

  static var completion: CompletionKind {
    .custom { _, _, prefix in
      let names = (try? IdentityOptions.parse([]).inventory().connectors.map(\.agentName)) ?? []
      return names.filter { $0.hasPrefix(prefix) }
    }
  }
}

/// The ids of an agent's jobs on a command line.
enum JobNames {
  /// The number of jobs that are offered.
  private static let most = 50

  static var completion: CompletionKind {
    .custom { (words: [String], _: Int, prefix: String) async in
      guard let inventory = try? IdentityOptions.parse([]).inventory(),
        let connector = words.lazy.compactMap({ inventory.connector(named: $0) }).first
      else { return [] }
      var limits = ClientLimits()
      (limits.patience, limits.connectTime, limits.answerTime) = (0, 2, 2)
      var filter = JobFilter()
      filter.limit = most
      let jobs = try? await inventory.client(of: connector, limits: limits).jobs(filter).jobs
      return (jobs ?? []).map { "\($0.id)" }.filter { $0.hasPrefix(prefix) }
    }
  }
}
