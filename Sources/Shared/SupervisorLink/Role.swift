/// What agentd starts the network executable as. The raw value is the first argument, by which the executable knows its role,
/// and the title in ps(1).
public enum Role: String, Sendable {
  /// Speaks with the network.
  case listener = "agentd: listener"
  /// Has the listener's private key and signs with it.
  case signer = "agentd: signer"

  /// The descriptor on which a role finds its socket: the listener its link, the signer its signing socket.
  public static let socket: Int32 = 3
  /// The descriptor on which it finds its `RoleOrder`.
  public static let order: Int32 = 4

  /// The name that ps(1) and top(1) show of the process; at most 15 bytes. Executed by a descriptor it would be that one's number.
  public var processName: String {
    switch self {
    case .listener: "agentd-listener"
    case .signer: "agentd-signer"
    }
  }
}
