import AgentInventory
import ArgumentParser
import SchedulerRegistry

/// Excludes agents from all operations.
struct DisableCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Skip agents until enabled again; jobs keep running.",
    usage: "agentctl disable [-H DIR] PATTERN ...")

  @OptionGroup var options: EnablingOptions
  var identity: IdentityOptions { options.identity }

  func perform(_ inventory: AgentInventory) async throws { try options.setEnabled(false, inventory) }
}

/// Includes agents again.
struct EnableCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Use disabled agents again.",
    usage: "agentctl enable [-H DIR] PATTERN ...")

  @OptionGroup var options: EnablingOptions
  var identity: IdentityOptions { options.identity }

  func perform(_ inventory: AgentInventory) async throws { try options.setEnabled(true, inventory) }
}

/// The agents to enable or disable.
struct EnablingOptions: ParsableArguments {
  @OptionGroup var identity: IdentityOptions
  @Argument(help: ArgumentHelp("Agents by name or pattern.", valueName: "pattern"), completion: AgentNames.completion)
  var patterns: [String]
  @Flag(help: "Print one JSON object per line.") var json = false

  private struct Outcome: Encodable {
    let agent: String
    let enabled: Bool
  }

  /// Changes the registry, where the agents may have changed since they were looked up.
  func setEnabled(_ isEnabled: Bool, _ inventory: AgentInventory) throws {
    let names = Set(try inventory.connectors(matching: patterns).map(\.agentName))
    try identity.registry.setEnabled(isEnabled, names)
    for name in names.sorted() {
      try json
        ? printJSON(Outcome(agent: name, enabled: isEnabled))
        : printLine("\(name) is \(isEnabled ? "enabled" : "disabled")")
    }
  }
}
