import AgentProtocol
import SystemCalls

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

    /// The record of the clients that were let in.
    public var clients: String { "\(state)/clients" }
  }

  /// How agentd runs.
  public struct Process: Equatable, Sendable {
    /// The user that an installation brings for the signer.
    public static let defaultSignerUser = "agentd-signer"
    /// The user of the listener; ignored when not started as root.
    public var listenerUser: String
    /// The user of the signer, likewise. `nil` if the file names one for the listener alone: then it is `defaultSignerUser` where
    /// there is such a user, and else the listener's.
    public var signerUser: String? = defaultSignerUser
    /// The least important messages that are logged.
    public var logLevel: LogLevel
    /// How events are written.
    public var logFormat = LogFormat.text
    /// Where it is written who asked for what.
    public var auditLog = AuditPlace.log
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
    /// The most bytes of output of a job that names no limit.
    public var outputLimit: Int
    /// The least free space of the disk of `state` at which jobs are taken in, in bytes; `nil` for 64 MiB, or a twentieth of the
    /// disk where that is less.
    public var diskFloor: Int?
    /// Which jobs that have ended are kept.
    public var kept = KeptJobs()
    /// The most jobs at a time of each pool.
    public var pools: [String: Int] = [:]
    /// Where each job gets a control group of its own.
    public var controlGroups = ControlGroups.auto
    /// The most bytes of a job's input, and of its script; 0 to 786,432.
    public var inputLimit = 262_144
    /// The umask(2) of a job that names none.
    public var umask: UInt32 = 0o022
    /// Whether users without a login shell get no jobs.
    public var loginShellRequired = false
    /// The section `[jobs.limits]`: by the kernel's number of the resource; setrlimit(2).
    public var processLimits: [Int: ProcessLimit] = [:]
  }

  /// A limit of setrlimit(2).
  public struct ProcessLimit: Equatable, Sendable {
    /// The limit in force; `UInt64.max` for none.
    public var soft: UInt64
    /// How far the job may raise it; `UInt64.max` for any.
    public var hard: UInt64
  }

  /// How much is kept of jobs that have ended, with their output; beyond, those are forgotten first that ended first.
  public struct KeptJobs: Equatable, Sendable {
    /// The most days; `nil` for no limit.
    public var days: Int? = 30
    /// The most jobs; `nil` for no limit.
    public var count: Int? = 100_000
    /// The most bytes of output; `nil` for no limit.
    public var bytes: Int? = 10 << 30

    /// The defaults.
    public init() {}
  }

  /// The choices for the jobs' control groups.
  public enum ControlGroups: Equatable, Sendable {
    /// In the folder that was given to agentd; none where none was.
    case auto
    /// Jobs have none.
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
    /// With all else that is logged.
    case log
    /// The system's log, of the facility authpriv.
    case syslog
    /// A file of its own.
    case file(String)
  }

  /// The levels of swift-log.
  public enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
  }

  /// The file that was read; `nil` if there is none, and all values are defaults.
  public var file: String?
  /// Whether `file` is another than the default one.
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
  /// The tables `[[client]]`, in their order; without any, every client may run jobs as any user but root.
  public var clients: [ClientTable] = []

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
    let named = file ?? environment["AGENTD_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    let path = Path.absolute(named ?? defaults.configurationFile)
    guard let bytes = try TOMLDocument.contents(of: path, mustBeOwn: isRoot) else {
      if named != nil { throw ConfigurationError(file: path, "no such file") }
      return defaults.configuration
    }
    var configuration = defaults.configuration
    configuration.file = path
    configuration.isFileNamed = path != defaults.configurationFile
    try configuration.read(TOMLDocument(bytes, file: path).root, relativeTo: path)
    return configuration
  }
}
