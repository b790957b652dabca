import AgentProtocol

/// The reason why an agent did not do what was requested, by who has to act.
public enum AgentError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is no answer, or the connection was lost: the network or the agent is down. May be temporary.
  case unreachable(String)
  /// We do not accept the agent's certificate: the operator of the agent, or whoever chose the roots here, has to act.
  case untrusted(String)
  /// The agent does not accept our certificate: whoever issued it, or imported the roots there, has to act.
  case unauthenticated(String)
  /// The server is not an agent, or one that violates the protocol.
  case misconfigured(String)
  /// The agent refuses the request, or cannot execute it: its problem document.
  case problem(Problem)
  /// Something that is needed on this side cannot be used.
  case unusable(String)

  /// The reason in one line.
  public var description: String {
    switch self {
    case .unreachable(let text), .untrusted(let text), .unauthenticated(let text), .misconfigured(let text),
      .unusable(let text):
      text
    case .problem(let problem): problem.detail
    }
  }

  /// Whether the same request may succeed a little later without any intervention.
  public var mayPass: Bool {
    switch self {
    case .unreachable: true
    case .problem(let problem): [.unavailable, .tooMuch].contains(problem.kind)
    case .untrusted, .unauthenticated, .misconfigured, .unusable: false
    }
  }
}
