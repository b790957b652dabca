/// What agentd.toml says, with the defaults filled in. Every path is absolute.
public struct AgentConfiguration: Equatable, Sendable {
  /// Where things are.
  public struct Paths: Equatable, Sendable {
    /// The folder of the certificate store.
    public var store: String
    /// The file listener.toml.
    public var listener: String
    /// The folder of what must survive a boot: ledger and jobs.
    public var state: String
    /// The folder of what need not: pid file and sockets.
    public var runtime: String

    /// The pid file of the running agentd.
    public var pidFile: String { "\(runtime)/agentd.pid" }
  }

  /// How agentd runs.
  public struct Process: Equatable, Sendable {
    /// The user of the listener; ignored when not started as root.
    public var listenerUser: String
    /// The least important messages that are logged.
    public var logLevel: LogLevel
    /// The file that a detached agentd logs to.
    public var logFile: String
    /// The name by which schedulers know this agent: the host's, unless it is set.
    public var agentName: String
  }

  /// How clients are judged.
  public struct TLS: Equatable, Sendable {
    /// What becomes of an issuer's clients when its revocation list is out of date.
    public var crlExpired: CRLExpired
  }

  /// The choices for a revocation list that is out of date.
  public enum CRLExpired: String, CaseIterable, Sendable {
    /// Its issuer's clients are refused.
    case refuse
    /// They are let in unless the old list names them.
    case warn
  }

  /// What jobs get.
  public struct Jobs: Equatable, Sendable {
    /// The most jobs at a time; 1 to 10,000.
    public var maxRunning: Int
    /// The most jobs that wait; 0 to 1,000,000.
    public var maxQueued: Int
    /// The user of a job that names none, when started as root.
    public var defaultUser: String
  }

  /// The levels of swift-log.
  public enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
  }

  /// The file that was read; `nil` if there is none, and all values are defaults.
  public var file: String?
  /// The section `[paths]`.
  public var paths: Paths
  /// The section `[process]`.
  public var process: Process
  /// The section `[tls]`.
  public var tls: TLS
  /// The section `[jobs]`.
  public var jobs: Jobs

  /// Reads the configuration.
  ///
  /// - Parameters:
  ///   - file: the file that was asked for (`-c`): it must exist. Without it, the one that AGENTD_CONFIG names, which must
  ///     exist too; else /etc/agentd/agentd.toml (root) or $XDG_CONFIG_HOME/agentd/agentd.toml, which need not.
  ///   - environment: AGENTD_CONFIG, HOME and the XDG_ variables are read from it.
  ///   - isRoot: decides the defaults. Root reads no file that others can write to.
  public static func load(
    file: String?, environment: [String: String], isRoot: Bool
  ) throws(ConfigurationError) -> AgentConfiguration {
    let defaults = DefaultPaths(environment: environment, isRoot: isRoot)
    var configuration = defaults.configuration
    let named = file ?? environment["AGENTD_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    let path = DefaultPaths.absolute(named ?? defaults.configurationFile)
    guard let document = try TOMLDocument.read(path, mustBeOwn: isRoot) else {
      if named != nil { throw ConfigurationError(file: path, "no such file") }
      return configuration
    }
    configuration.file = path
    try configuration.read(document.root, relativeTo: path)
    return configuration
  }
}
