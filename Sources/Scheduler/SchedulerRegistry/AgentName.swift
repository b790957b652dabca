/// The names by which a scheduler knows its agents: host names, in which case does not matter (RFC 4343).
public enum AgentName {
  /// Returns whether both are names of the same agent.
  public static func isSame(_ one: String, _ other: String) -> Bool { one.lowercased() == other.lowercased() }
}
