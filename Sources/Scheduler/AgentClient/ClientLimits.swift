/// The limits on what an agent may make its client store or wait for, and how long the client keeps trying.
///
/// An agent is not trusted: it may be compromised.
public struct ClientLimits: Sendable {
  /// The maximum time for one attempt to connect, including the TLS handshake, in seconds.
  public var connectTime = 10.0
  /// The maximum time until an answer begins, beyond a requested wait, in seconds.
  public var answerTime = 60.0
  /// The maximum time without a byte in the middle of an answer, in seconds.
  ///
  /// A follow that is silent for so long is reopened at its position.
  public var stallTime = 60.0
  /// How long, in seconds, a failed request is retried after the last success; 0 for a single attempt.
  public var patience = 60.0
  /// Called once for a request that is still being retried after two seconds, to inform a waiting user.
  public var retrying: (@Sendable (AgentError) -> Void)?
  /// The maximum size of a JSON answer, in bytes.
  public var documentBytes = 8 << 20
  /// The maximum number of connections; further requests wait for one.
  public var connections = 64

  /// Creates the default limits.
  public init() {}
}
