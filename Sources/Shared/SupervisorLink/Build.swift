import AgentProtocol

/// Which agentd and which agentd-network fit together: both are of one release, and say the same over their sockets. No name of a
/// commit and no time: the same sources make the same programs anywhere.
public enum Build {
  /// The number of the contract between the two: what `SupervisorMessage`, `ListenerMessage`, `SigningLink` and `RoleOrder`
  /// say. It is raised when one of them changes between two releases.
  public static let contract = 1

  /// What both have to say alike.
  public static let identity = "agentd \(agentdVersion) with link contract \(contract)"

  /// With which a process ends that an agentd of another build has started; see sysexits(3). No role ends so by itself.
  public static let otherBuildExit: Int32 = 72
}
