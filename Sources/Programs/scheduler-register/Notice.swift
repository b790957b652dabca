import AgentClient
import AgentInventory
import Dispatch
import RegistrationCommands
import SchedulerRegistry
import Synchronization

/// Tells many agents to look for newer revocation lists, for a command that blocks its thread.
final class Notice: Sendable {
  /// How long an agent may take to answer, in seconds.
  private static let patience = 5.0
  /// The number of agents that are told at once.
  private static let width = 200

  private let failures = Mutex<[String: String]>([:])
  private let isDone = DispatchSemaphore(value: 0)

  /// Tells the agents, and blocks until each has answered or taken too long. The calling thread must not belong to Swift concurrency.
  ///
  /// - Returns: why the others could not be told, by agent name.
  static func tell(_ connectors: [ExecutorConnector], _ registry: SchedulerRegistry) -> [String: String] {
    let notice = Notice()
    Task.detached {
      await notice.tell(connectors, registry)
      notice.isDone.signal()
    }
    notice.isDone.wait()
    return notice.failures.withLock(\.self)
  }

  private func tell(_ connectors: [ExecutorConnector], _ registry: SchedulerRegistry) async {
    let inventory: AgentInventory
    do { inventory = try AgentInventory(registry) } catch {
      return failures.withLock { failures in for connector in connectors { failures[connector.agentName] = "\(error)" }
      }
    }
    await withTaskGroup(of: Void.self) { group in
      var waiting = connectors[...]
      func addNext() {
        guard let connector = waiting.popFirst() else { return }
        group.addTask { await self.tell(connector, inventory) }
      }
      for _ in 0..<Self.width { addNext() }
      while await group.next() != nil { addNext() }
    }
  }

  private func tell(_ connector: ExecutorConnector, _ inventory: AgentInventory) async {
    var limits = ClientLimits()
    (limits.patience, limits.connectTime, limits.answerTime) = (0, Self.patience, Self.patience)
    do {
      let client = try inventory.client(of: connector, limits: limits)
      defer { client.close() }
      try await client.refresh()
    } catch { failures.withLock { $0[connector.agentName] = "\(error)" } }
  }
}
