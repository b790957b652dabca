import Values

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
  /// Only write a commented configuration to this file; `-` for standard output.
  public var newConfiguration: String?
  /// With `checkOnly`: fail if anything breaks until then.
  public var forecastUntil: Timestamp?
  /// With `checkOnly`: which decision is to be explained, besides.
  public var question: PolicyQuestion?

  public init(configurationFile: String?, environment: [String: String], foreground: Bool, checkOnly: Bool) {
    self.configurationFile = configurationFile
    self.environment = environment
    self.foreground = foreground
    self.checkOnly = checkOnly
  }
}

/// A decision that is to be explained: may this client run that as this user?
public struct PolicyQuestion: Sendable {
  /// Who asks: thumbprint, subject or alternative names; or the path of a file with the client's certificate, PEM. What is not
  /// named of a client, it does not have.
  public var clients: [String]
  /// The user that the job is to run as; `nil` for a request that names none.
  public var user: String?
  /// The group, likewise.
  public var group: String?
  /// The pool, likewise.
  public var pool: String?
  /// The program and its arguments.
  public var command: [String]

  public init(clients: [String], user: String?, group: String?, pool: String?, command: [String]) {
    self.clients = clients
    self.user = user
    self.group = group
    self.pool = pool
    self.command = command
  }
}
