import AgentClient
import AgentInventory
import ArgumentParser
import Glibc
import SchedulerRegistry

/// The agents of an operation on many.
struct FleetOptions: ParsableArguments {
  @Option(
    name: [.customShort("a"), .customLong("agents")],
    help: ArgumentHelp("Agents, as in 'web*,site=berlin,!web3'; repeatable.", valueName: "pattern"),
    completion: AgentNames.completion)
  var patterns: [String] = []
  @Option(help: ArgumentHelp("How many agents at once.", valueName: "number")) var atOnce = 1000

  func validate() throws {
    guard (1...10000).contains(atOnce) else { throw ValidationError("--at-once: 1 to 10000") }
  }

  /// Checks that a command names one agent, or many.
  func validate(_ agent: String?, _ access: AccessOptions) throws {
    guard (agent == nil) != patterns.isEmpty else { throw ValidationError("name one agent, or many with -a") }
    if let agent { return try access.validate(agent) }
    if access.identity.cert != nil {
      throw ValidationError("-a is for the scheduler's agents, so it cannot be combined with --cert")
    }
  }

  /// Asks the agents side by side, and complains about those that do not answer.
  ///
  /// - Parameter answered: called with the agent's name and the answer, one at a time.
  /// - Returns: the number of agents that did not answer.
  func ask<Answer: Sendable>(
    _ inventory: AgentInventory, _ limits: ClientLimits,
    _ body: @escaping @Sendable (AgentClient) async throws -> Answer, answered: (String, Answer) throws -> Void
  ) async throws -> Int {
    let agents = try connectors(inventory)
    let progress = ProgressLine(of: agents.count)
    var (asked, failures) = (0, 0)
    try await sideBySide(agents, width: atOnce) { connector -> Result<Answer, AgentError> in
      let client = try unusable { try inventory.client(of: connector, limits: limits) }
      defer { client.close() }
      do { return .success(try await body(client)) } catch let error as AgentError { return .failure(error) }
    } ended: { connector, result in
      asked += 1
      switch result {
      case .success(let answer): try answered(connector.agentName, answer)
      case .failure(let error):
        failures += 1
        progress.aside { complain("\(connector.agentName): \(error)") }
      }
      progress.show("\(asked) of \(agents.count) asked")
    }
    progress.clear()
    return failures
  }

  /// Returns the agents that match the patterns, without those that are disabled.
  func connectors(_ inventory: AgentInventory) throws -> [ExecutorConnector] {
    let named = try unusable { try inventory.connectors(matching: patterns) }
    for connector in named where !connector.isEnabled { complain("\(connector.agentName) is disabled and skipped") }
    let enabled = named.filter(\.isEnabled)
    if enabled.isEmpty { throw AgentError.unusable("no agent is left to ask") }
    return enabled
  }
}

/// Runs `body` for many items concurrently, at most `width` at a time, and passes each outcome to `ended`.
func sideBySide<Item: Sendable, Outcome: Sendable>(
  _ items: [Item], width: Int, _ body: @escaping @Sendable (Item) async throws -> Outcome,
  ended: (Item, Outcome) throws -> Void
) async throws {
  DescriptorLimit.raise()
  try await withThrowingTaskGroup(of: (Item, Outcome).self) { group in
    var waiting = items[...]
    for item in waiting.prefix(width) { group.addTask { (item, try await body(item)) } }
    waiting = waiting.dropFirst(width)
    while let (item, outcome) = try await group.next() {
      // First, because it decides whether the next one is started.
      try ended(item, outcome)
      if let next = waiting.popFirst() { group.addTask { (next, try await body(next)) } }
    }
  }
}

enum DescriptorLimit {
  /// Allows this process as many connections as the host permits: each agent takes one.
  static func raise() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
