import AgentClient
import AgentProtocol
import SchedulerRegistry

/// The state of an agent as a scheduler sees it, in the terms of the article.
public enum AgentState: Sendable {
  /// It answers, and each side accepted the other.
  case online(AgentStatus)
  /// There is no answer, or the server is not an agent.
  case offline(String)
  /// One side does not accept the other's certificate; the reason tells which.
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

  /// Why it is not Online; nil if there is nothing to explain.
  public var reason: String? {
    switch self {
    case .online, .disabled: nil
    case .offline(let reason), .unauthenticated(let reason): reason
    }
  }
}

extension AgentInventory {
  /// Asks an agent once, and gives up after `seconds` without an answer.
  ///
  /// - Parameter evenDisabled: whether to ask a disabled agent too.
  /// - Throws: the error that makes our own certificates unusable.
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
    do { return .online(try await client.status()) } catch { return try Self.state(for: error) }
  }

  /// Returns the state of an agent that did not answer, for the error of the attempt.
  ///
  /// - Throws: the error if it is not about the agent.
  public static func state(for error: any Error) throws -> AgentState {
    switch error {
    case AgentError.untrusted(let text):
      return .unauthenticated(text.hasPrefix(revokedBeginning) ? text : "this side refuses the agent: \(text)")
    case AgentError.unauthenticated(let text): return .unauthenticated("the agent refuses this side: \(text)")
    case AgentError.unusable: throw error
    case let error as AgentError: return .offline("\(error)")
    default: throw error
    }
  }
}
