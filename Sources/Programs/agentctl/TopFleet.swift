import AgentClient
import AgentInventory
import AgentProtocol
import SchedulerRegistry

/// Asks agents for their state again and again, each over one connection that stays open.
final class TopFleet: Sendable {
  private let inventory: AgentInventory
  private let told: @Sendable (String, AgentState) -> Void
  /// The seconds between two questions to an agent: for a large fleet longer, so that this program stays unnoticed.
  private let interval: Double

  init(
    _ inventory: AgentInventory, of count: Int, told: @escaping @Sendable (String, AgentState) -> Void
  ) {
    self.inventory = inventory
    self.told = told
    interval = max(2, Double(count) * 0.03)
  }

  /// Asks one agent until the task is cancelled.
  func watch(_ connector: ExecutorConnector) async {
    guard let client = try? client(of: connector) else {
      return told(connector.agentName, .offline("its certificate cannot be used"))
    }
    defer { client.close() }
    while !Task.isCancelled {
      do {
        told(connector.agentName, .online(try await client.status()))
      } catch is CancellationError {
        return
      } catch {
        told(connector.agentName, (try? AgentInventory.state(for: error)) ?? .offline("\(error)"))
      }
      // Not all at the same moment.
      try? await Task.sleep(for: .seconds(interval * Double.random(in: 0.8...1.2)))
    }
  }

  func client(of connector: ExecutorConnector) throws -> AgentClient {
    var limits = ClientLimits()
    (limits.patience, limits.connectTime, limits.answerTime, limits.connections) = (0, 5, 5, 4)
    return try inventory.client(of: connector, limits: limits)
  }
}
