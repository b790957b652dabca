import AgentClient
import AgentInventory
import ArgumentParser
import Glibc
import SchedulerRegistry

/// The agents of an operation on many.
struct FleetOptions: ParsableArguments {
  @Option(
    name: [.customShort("a"), .customLong("agents")],
    help: ArgumentHelp("Agents that match, as in -a 'web*'; may be repeated.", valueName: "pattern"),
    completion: AgentNames.completion)
  var patterns: [String] = []
  @Option(help: ArgumentHelp("How many agents at once.", valueName: "number")) var parallel = 1000

  func validate() throws {
    guard (1...10000).contains(parallel) else { throw ValidationError("--parallel: 1 to 10000") }
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
      if let next = waiting.popFirst() { group.addTask { (next, try await body(next)) } }
      try ended(item, outcome)
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
