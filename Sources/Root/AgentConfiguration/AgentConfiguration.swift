import AgentProtocol
import SystemCalls

/// The contents of agentd.toml, with the defaults filled in. All paths are absolute.
public struct AgentConfiguration: Equatable, Sendable {
  /// The locations of files and folders.
  public struct Paths: Equatable, Sendable {
    /// The folder of the certificate store.
    public var store: String
    /// The path of listener.toml.
    public var listener: String
    /// The folder with what must survive a reboot: ledger and jobs.
    public var state: String
    /// The folder with what need not survive a reboot: pid file and sockets.
    public var runtime: String

    /// The pid file of the running agentd.
    public var pidFile: String { "\(runtime)/agentd.pid" }

    /// The record of the clients that were admitted.
    public var clients: String { "\(state)/clients" }
  }

  /// The settings of the agentd processes.
  public struct Process: Equatable, Sendable {
    /// The user that an installation creates for the signer.
    public static let defaultSignerUser = "agentd-signer"
    /// The user of the listener; ignored unless agentd is started as root.
    public var listenerUser: String
    /// The user of the signer; ignored unless agentd is started as root.
    ///
    /// `nil` if the file names only the listener's user: then it is `defaultSignerUser` if there is such a user, otherwise the listener's.
    public var signerUser: String? = defaultSignerUser
    /// The minimum level of messages that are logged.
    public var logLevel: LogLevel
    /// The format of log lines.
    public var logFormat = LogFormat.text
    /// Where to log who asked for what.
    public var auditLog = AuditPlace.log
    /// The log file of a detached agentd.
    public var logFile: String
    /// The name by which schedulers know this agent; the host's name by default.
    public var agentName: String
  }

  /// The settings for the verification of clients.
  public struct TLS: Equatable, Sendable {
    /// How to treat the clients of an issuer whose revocation list has expired.
    public var crlExpired: CRLExpired
    /// How often the enrolment service is asked for newer lists, in seconds; 0 for never, unless a client says that there is one.
    public var crlRefresh: Int
  }

  /// The choices for an expired revocation list.
  public enum CRLExpired: String, CaseIterable, Sendable {
    /// Clients of its issuer are refused.
    case refuse
    /// They are admitted unless the expired list names them.
    case warn
  }

  /// The settings of jobs.
  public struct Jobs: Equatable, Sendable {
    /// The maximum number of running jobs; 1 to 10,000.
    public var maxRunning: Int
    /// The maximum number of waiting jobs; 0 to 1,000,000.
    public var maxQueued: Int
    /// The user of a job that names none, if agentd is started as root.
    public var defaultUser: String
    /// The default of `defaultUser` where agentd itself runs as its usual default.
    public static let otherDefaultUser = "daemon"
    /// Whether agentd.toml sets `defaultUser`.
    public var isDefaultUserNamed = false
    /// The maximum output of a job, in bytes; a request may only name a lower limit.
    public var outputLimit: Int
    /// The minimum free space on the disk of `state` for a job to be accepted, in bytes.
    ///
    /// `nil` stands for 64 MiB, or a twentieth of the disk if that is less.
    public var diskFloor: Int?
    /// How many ended jobs to keep.
    public var kept = KeptJobs()
    /// The maximum number of running jobs of each pool.
    public var pools: [String: Int] = [:]
    /// Where each job gets its own control group.
    public var controlGroups = ControlGroups.auto
    /// The maximum size of a job's input, and of its script, in bytes; 0 to 786,432.
    public var inputLimit = 262_144
    /// The umask(2) of a job whose request names none.
    public var umask: UInt32 = 0o022
    /// Whether a request may have the processes that its job leaves keep running.
    public var leaveProcesses = true
    /// Whether to refuse jobs of users without a login shell.
    public var loginShellRequired = false
    /// The section `[jobs.limits]`, by the kernel's number of the resource; setrlimit(2).
    public var processLimits: [Int: ProcessLimit] = [:]
  }

  /// A limit for setrlimit(2).
  public struct ProcessLimit: Equatable, Sendable {
    /// The limit in force; `UInt64.max` for none.
    public var soft: UInt64
    /// How far the job may raise it; `UInt64.max` for no bound.
    public var hard: UInt64
  }

  /// How much to keep of ended jobs and their output; beyond that, the jobs that ended first are forgotten first.
  public struct KeptJobs: Equatable, Sendable {
    /// The maximum number of days; `nil` for no limit.
    public var days: Int? = 30
    /// The maximum number of jobs; `nil` for no limit.
    public var count: Int? = 100_000
    /// The maximum size of their output, in bytes; `nil` for no limit.
    public var bytes: Int? = 10 << 30

    /// Creates the default limits.
    public init() {}
  }

  /// The choices for the jobs' control groups.
  public enum ControlGroups: Equatable, Sendable {
    /// In the folder that was delegated to agentd, if there is one.
    case auto
    /// Jobs have no control groups.
    case off
    /// In this folder of a cgroup2 file system.
    case folder(String)
  }

  /// The formats of the log.
  public enum LogFormat: String, CaseIterable, Sendable {
    case text, logfmt, json
  }

  /// The choices for the audit log.
  public enum AuditPlace: Equatable, Sendable {
    /// In agentd's own log.
    case log
    /// In the system log, with the facility authpriv.
    case syslog
    /// In a separate file.
    case file(String)
  }

  /// The levels of swift-log.
  public enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
  }

  /// The file that was read; `nil` if there is none, and all values are defaults.
  public var file: String?
  /// Whether `file` is not the default one.
  public var isFileNamed = false
  /// The section `[paths]`.
  public var paths: Paths
  /// The section `[process]`.
  public var process: Process
  /// The section `[tls]`.
  public var tls: TLS
  /// The section `[limits]`.
  public var limits: ListenerLimits
  /// The section `[jobs]`.
  public var jobs: Jobs
  /// The `[[client]]` tables, in order; without any, every client may run jobs as any user except root.
  public var clients: [ClientTable] = []

  /// Reads the configuration.
  ///
  /// - Parameters:
  ///   - file: the file given with `-c`, which must exist. Without it, the file that AGENTD_CONFIG names, which must exist too;
  ///     otherwise /etc/agentd/agentd.toml (root) or $XDG_CONFIG_HOME/agentd/agentd.toml, which may be missing.
  ///   - environment: the environment, of which AGENTD_CONFIG, HOME and the XDG_ variables are used.
  ///   - isRoot: selects the defaults. Root does not read a file that others can write to.
  public static func load(
    file: String?, environment: [String: String], isRoot: Bool
  ) throws(ConfigurationError) -> AgentConfiguration {
    var (configuration, root) = try source(file, environment, isRoot)
    if let root, let path = configuration.file { try configuration.read(root, relativeTo: path) }
    return configuration
  }

  /// Reads the configuration like `load`, past all errors.
  ///
  /// - Returns: the configuration without what is wrong, `nil` if nothing can be read; and all errors.
  public static func loadAll(
    file: String?, environment: [String: String], isRoot: Bool
  ) -> (configuration: AgentConfiguration?, errors: [ConfigurationError]) {
    do throws(ConfigurationError) {
      let (defaults, root) = try source(file, environment, isRoot)
      guard let root, let path = defaults.file else { return (defaults, []) }
      let (configuration, errors) = root.readAll { root throws(ConfigurationError) in
        var configuration = defaults
        try configuration.read(root, relativeTo: path)
        return configuration
      }
      return (configuration, errors)
    } catch { return (nil, [error]) }
  }

  /// Returns the defaults, and the contents of the file if there is one.
  private static func source(
    _ file: String?, _ environment: [String: String], _ isRoot: Bool
  ) throws(ConfigurationError) -> (AgentConfiguration, StrictTable?) {
    let defaults = DefaultPaths(environment: environment, isRoot: isRoot)
    let named = file ?? environment["AGENTD_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    let path = Path.absolute(named ?? defaults.configurationFile)
    guard let bytes = try TOMLDocument.contents(of: path, mustBeOwn: isRoot) else {
      if named != nil { throw ConfigurationError(file: path, "no such file") }
      return (defaults.configuration, nil)
    }
    var configuration = defaults.configuration
    configuration.file = path
    configuration.isFileNamed = path != defaults.configurationFile
    return (configuration, try TOMLDocument(bytes, file: path).root)
  }
}
