import AgentProtocol

/// Why an agent did not do what it was asked, sorted by who has to act.
public enum AgentError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Nobody answers there, or the connection was lost: the network, or the agent is down. May pass.
  case unreachable(String)
  /// We do not accept the agent's certificate: whoever runs the agent, or chose the roots here.
  case untrusted(String)
  /// The agent does not accept our certificate: whoever issued it, or imported the roots there.
  case unauthenticated(String)
  /// Something else than an agent answers there, or one that breaks the protocol.
  case misconfigured(String)
  /// The agent refuses, or cannot do it: its problem document.
  case problem(Problem)
  /// What is needed on this side cannot be used.
  case unusable(String)

  /// One line.
  public var description: String {
    switch self {
    case .unreachable(let text), .untrusted(let text), .unauthenticated(let text), .misconfigured(let text),
      .unusable(let text):
      text
    case .problem(let problem): problem.detail
    }
  }

  /// Whether the same request may succeed a little later without anybody having done anything.
  public var mayPass: Bool {
    switch self {
    case .unreachable: true
    case .problem(let problem): problem.kind == .unavailable
    case .untrusted, .unauthenticated, .misconfigured, .unusable: false
    }
  }
}
