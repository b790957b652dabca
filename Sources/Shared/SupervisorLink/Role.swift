/// The role of a process started from the network executable. The raw value is the first argument, from which the executable learns its
/// role, and the title in ps(1).
public enum Role: String, Sendable {
  /// Communicates with the network.
  case listener = "agentd: listener"
  /// Holds the listener's private key and signs with it.
  case signer = "agentd: signer"

  /// The descriptor of a role's socket: the link for the listener, the signing socket for the signer.
  public static let socket: Int32 = 3
  /// The descriptor from which a role reads its `RoleOrder`.
  public static let order: Int32 = 4

  /// The process name in ps(1) and top(1), at most 15 bytes. By default, it would be the number of the descriptor that was executed.
  public var processName: String {
    switch self {
    case .listener: "agentd-listener"
    case .signer: "agentd-signer"
    }
  }
}
