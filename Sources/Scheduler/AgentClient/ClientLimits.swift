/// What an agent may make its client hold or wait for, and how stubborn the client is. An agent is not trusted: it may have
/// been taken over.
public struct ClientLimits: Sendable {
  /// Seconds for one attempt to connect, the TLS handshake included.
  public var connectTime = 10.0
  /// Seconds until an answer begins, beyond a wait that was asked for.
  public var answerTime = 60.0
  /// Seconds without a byte in the middle of an answer. A follow that is silent for so long is opened anew where it was.
  public var stallTime = 60.0
  /// Seconds for which a request that could not be made is tried again, since the last success; 0 for one attempt.
  public var patience = 60.0
  /// Told of a request that is still tried again after two seconds, once; for a person who waits.
  public var retrying: (@Sendable (AgentError) -> Void)?
  /// The most bytes of a JSON answer.
  public var documentBytes = 8 << 20
  /// The most connections at once; further requests wait for one.
  public var connections = 64

  /// The defaults.
  public init() {}
}
