import AgentInventory
import ArgumentParser
import Console
import SchedulerRegistry

/// Shows the fleet live.
struct TopCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Show agents, their jobs and output live, by keys.",
    usage: "agentctl top [-H DIR] [PATTERN ...]")

  @OptionGroup var identity: IdentityOptions
  @Argument(
    help: ArgumentHelp("Only agents that match, as for -a.", valueName: "pattern"), completion: AgentNames.completion)
  var patterns: [String] = []

  func perform(_ inventory: AgentInventory) async throws {
    let agents = try patterns.isEmpty ? inventory.connectors : inventory.connectors(matching: patterns)
    if agents.isEmpty { throw InventoryError.noAgent("*", home: inventory.home, isEmpty: true) }
    guard let terminal = TopTerminal() else {
      complain("top needs a terminal; agentctl agents prints the states once")
      throw ExitCode(ExitStatus.usage.rawValue)
    }
    DescriptorLimit.raise()
    let session = TopSession(identity, patterns, inventory, agents, terminal)
    await session.run()
    terminal.end()
  }
}
