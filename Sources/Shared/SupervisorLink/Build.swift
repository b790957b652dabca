import AgentProtocol

/// The compatibility of agentd and agentd-network: both must be of one release and speak the same protocol on their sockets. It contains no
/// commit and no time: the same sources build the same programs everywhere.
public enum Build {
  /// The number of the contract between the two: `SupervisorMessage`, `ListenerMessage`, `SigningLink` and `RoleOrder`. It is raised when
  /// one of them changes between two releases.
  public static let contract = 4

  /// The text that must be identical in both.
  public static let identity = "agentd \(agentdVersion) with link contract \(contract)"

  /// The exit status of a process that an agentd of another build started; see sysexits(3). No role uses it otherwise.
  public static let otherBuildExit: Int32 = 72
}
