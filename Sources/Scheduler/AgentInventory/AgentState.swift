import AgentClient
import AgentProtocol
import SchedulerRegistry

/// What a scheduler sees of an agent, in the article's words.
public enum AgentState: Sendable {
  /// It answers, and each side accepted the other.
  case online(AgentStatus)
  /// Nobody answers there, or something else than an agent.
  case offline(String)
  /// One side does not accept the other's certificate; the reason says which.
  case unauthenticated(String)
  /// The scheduler does not use it.
  case disabled

  /// Online, Offline, Unauthenticated or Disabled.
  public var name: String {
    switch self {
    case .online: "Online"
    case .offline: "Offline"
    case .unauthenticated: "Unauthenticated"
    case .disabled: "Disabled"
    }
  }

  /// Why it is not Online; nil where nothing has to be explained.
  public var reason: String? {
    switch self {
    case .online, .disabled: nil
    case .offline(let reason), .unauthenticated(let reason): reason
    }
  }
}

extension AgentInventory {
  /// Asks an agent once; a dead one is given up after `seconds`.
  ///
  /// - Parameter evenDisabled: whether a disabled one is asked, too.
  /// - Throws: what makes our own certificates unusable.
  public func state(
    of connector: ExecutorConnector, within seconds: Double, evenDisabled: Bool = false
  ) async throws -> AgentState {
    if !connector.isEnabled, !evenDisabled { return .disabled }
    var limits = ClientLimits()
    limits.patience = 0
    limits.connectTime = seconds
    limits.answerTime = seconds
    let client = try client(of: connector, limits: limits)
    defer { client.close() }
    do throws(any Error) { return .online(try await client.status()) } catch {
      switch error {
      case AgentError.untrusted(let text): return .unauthenticated("this side refuses the agent: \(text)")
      case AgentError.unauthenticated(let text): return .unauthenticated("the agent refuses this side: \(text)")
      case AgentError.unusable: throw error
      case let error as AgentError: return .offline("\(error)")
      default: throw error
      }
    }
  }
}
