/// Names by which a scheduler knows its agents: those of hosts, in which upper and lower case do not differ (RFC 4343).
public enum AgentName {
  /// Whether both are the name of one agent.
  public static func isSame(_ one: String, _ other: String) -> Bool { one.lowercased() == other.lowercased() }
}
