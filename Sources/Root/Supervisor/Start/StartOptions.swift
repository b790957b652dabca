import AgentConfiguration
import Glibc
import Values

/// The options that agentd was started with.
public struct StartOptions: Sendable {
  /// The path of the configuration file; `nil` for the default one.
  public var configurationFile: String?
  /// The environment that determines the location of files.
  public var environment: [String: String]
  /// Whether to stay in the foreground and log to descriptor 2.
  public var foreground: Bool
  /// Whether only to check configuration and store.
  public var checkOnly: Bool
  /// Whether only to show what the running agentd does.
  public var showsStatus = false
  /// The file to write a commented configuration to, and nothing else; `-` for standard output.
  public var newConfiguration: String?
  /// With `checkOnly`: fail if anything breaks until this time.
  public var forecastUntil: Timestamp?
  /// With `checkOnly`: a decision to explain instead of the check.
  public var question: PolicyQuestion?
  /// Whether to end the running agentd, and nothing else.
  public var killsDaemon = false
  /// Whether to remove what starts agentd with the host, and nothing else.
  public var removesService = false

  public init(configurationFile: String?, environment: [String: String], foreground: Bool, checkOnly: Bool) {
    self.configurationFile = configurationFile
    self.environment = environment
    self.foreground = foreground
    self.checkOnly = checkOnly
  }
}

/// A decision to explain: may this client run that as this user?
public struct PolicyQuestion: Sendable {
  /// The client: thumbprint, subject or alternative names; or the path of a file with the client's certificate, PEM.
  ///
  /// The client has no names other than those given.
  public var clients: [String]
  /// The user that the job runs as; `nil` for a request that names none.
  public var user: String?
  /// The group; `nil` for a request that names none.
  public var group: String?
  /// The pool; `nil` for a request that names none.
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

extension StartOptions {
  /// Returns the configuration that they name.
  func configuration() throws(StartFailure) -> AgentConfiguration {
    do throws(ConfigurationError) {
      return try .load(file: configurationFile, environment: environment, isRoot: geteuid() == 0)
    } catch { throw StartFailure(error) }
  }
}
