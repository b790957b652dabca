/// How agentd was asked to run.
public struct StartOptions: Sendable {
  /// The configuration file that was named; `nil` for the default one.
  public var configurationFile: String?
  /// The environment in which files are looked for.
  public var environment: [String: String]
  /// Stay in the foreground and log to descriptor 2.
  public var foreground: Bool
  /// Only check configuration and store.
  public var checkOnly: Bool

  /// Options of these parts.
  public init(configurationFile: String?, environment: [String: String], foreground: Bool, checkOnly: Bool) {
    self.configurationFile = configurationFile
    self.environment = environment
    self.foreground = foreground
    self.checkOnly = checkOnly
  }
}
