import AgentInventory
import Dispatch
import RegistrationCommands
import SchedulerRegistry
import Synchronization

/// Contacts an agent that has just been added, for a command that blocks its thread.
final class Probe: Sendable {
  /// How long a user waits for an agent that does not answer, in seconds.
  private static let patience = 5.0

  private let outcome = Mutex(ProbeOutcome.failed(reason: "it was not asked"))
  private let isDone = DispatchSemaphore(value: 0)

  /// Asks the agent and blocks until it answers. The calling thread must not belong to Swift concurrency.
  static func reach(_ connector: ExecutorConnector, _ registry: SchedulerRegistry) -> ProbeOutcome {
    let probe = Probe()
    Task.detached {
      let outcome = await ask(connector, registry)
      probe.outcome.withLock { $0 = outcome }
      probe.isDone.signal()
    }
    probe.isDone.wait()
    return probe.outcome.withLock { $0 }
  }

  private static func ask(_ connector: ExecutorConnector, _ registry: SchedulerRegistry) async -> ProbeOutcome {
    do {
      let inventory = try AgentInventory(registry)
      defer { inventory.saveSightings() }
      let state = try await inventory.state(of: connector, within: patience)
      guard case .online(let status) = state else { return .failed(reason: state.reason ?? state.name) }
      return .connected(sha256Thumbprint: status.certificateThumbprint, version: status.version)
    } catch {
      return .failed(reason: "\(error)")
    }
  }
}
