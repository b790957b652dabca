import AgentInventory
import ArgumentParser
import SchedulerRegistry

/// Leaves agents out of all that is done.
struct DisableCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Leave agents out until they are enabled again; their jobs go on.",
    usage: "agentctl disable [-H DIR] PATTERN ...")

  @OptionGroup var identity: IdentityOptions
  @Argument(help: ArgumentHelp("Agents by name or pattern.", valueName: "pattern"), completion: AgentNames.completion)
  var patterns: [String]

  func perform(_ inventory: AgentInventory) async throws {
    try setEnabled(false, inventory, patterns, identity.registry)
  }
}

/// Uses agents again.
struct EnableCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Use agents again that were disabled.",
    usage: "agentctl enable [-H DIR] PATTERN ...")

  @OptionGroup var identity: IdentityOptions
  @Argument(help: ArgumentHelp("Agents by name or pattern.", valueName: "pattern"), completion: AgentNames.completion)
  var patterns: [String]

  func perform(_ inventory: AgentInventory) async throws {
    try setEnabled(true, inventory, patterns, identity.registry)
  }
}

/// Changes the registry, in which the agents may have changed since they were looked up.
private func setEnabled(
  _ isEnabled: Bool, _ inventory: AgentInventory, _ patterns: [String], _ registry: SchedulerRegistry
) throws {
  let names = Set(try inventory.connectors(matching: patterns).map(\.agentName))
  try registry.update { record, _ in
    for index in record.connectors.indices where names.contains(record.connectors[index].agentName) {
      record.connectors[index].isEnabled = isEnabled
    }
  }
  for name in names.sorted() { try printLine("\(name) is \(isEnabled ? "enabled" : "disabled")") }
}
