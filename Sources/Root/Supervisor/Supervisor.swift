import AgentConfiguration
import AgentLogging
import Glibc
import Logging
import SystemCalls

/// The privileged process of agentd: reads configuration and store, keeps the ledger, starts jobs, and a listener that
/// speaks with the network. It parses neither TLS nor HTTP nor certificates.
public enum Supervisor {
  /// Runs until SIGTERM or SIGINT; blocks the calling thread, which has to be the only one.
  ///
  /// Without `foreground` the process that was started ends in here as soon as the daemon serves, or does not.
  ///
  /// - Returns: the exit code, as in sysexits(3).
  public static func run(_ options: StartOptions) -> Int32 {
    var report = StartReport.terminal
    do throws(StartFailure) {
      if let path = options.newConfiguration { return try WriteConfiguration.run(path) }
      if options.checkOnly { return try Check.run(options) }
      // By the number that this process was started with.
      let service = try ServiceEnvironment(options.environment, processID: getpid())
      var options = options
      if getpid() == 1 {
        try required(orExit: EX_OSERR) { () throws(SystemError) in try FirstProcess.split() }
        // A container ends with its first process.
        options.foreground = true
      }
      try start(options, service, &report).run()
      return EX_OK
    } catch {
      if case .parent = report { Logger(label: "agentd").critical("agentd exits: \(error)") }
      report.failed(error)
      return error.exitCode
    }
  }

  /// Everything up to the loop, in order: what a person can mend comes first, what others notice comes last.
  private static func start(
    _ options: StartOptions, _ service: ServiceEnvironment, _ report: inout StartReport
  ) throws(StartFailure) -> Daemon {
    // What whoever started us left open is neither ours nor to be kept from its end.
    closefrom(ServiceEnvironment.firstSocket + Int32(service.socketCount))
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    let network = try NetworkProgram()
    let material = try ServingMaterial.load(options)
    let configuration = material.configuration
    try HostFiles.makeState(configuration.paths.state)

    if !options.foreground {
      let log = try required(orExit: EX_CANTCREAT) { () throws(SystemError) in
        try LogFile.open(configuration.process.logFile)
      }
      report = try required(orExit: EX_OSERR) { () throws(SystemError) in try StartReport.detach(log: log) }
    }
    LogFormat.current = configuration.process.logFormat.forLines
    LogStart.bootstrap(level: configuration.process.logLevel.forLogger)
    let log = SupervisorLog(Logger(label: "agentd"))
    log.auditLog = try required(orExit: EX_CANTCREAT) { () throws(SystemError) in
      try AuditLog(configuration.process.auditLog)
    }

    OpenFileLimit.raise(forJobs: configuration.jobs.maxRunning, log)
    let files = try HostFiles(configuration)
    let reactor = try required(orExit: EX_OSERR) { () throws(SystemError) in try Reactor() }
    let jobs = Jobs(
      on: reactor, log: log, ledger: files.ledger, launcher: files.launcher, limits: configuration.jobs,
      clients: configuration.clients)
    let clients = RecordedClients(path: configuration.paths.clients, on: reactor, log: log)
    let daemon = Daemon(
      options, files: files, jobs: jobs, clients: clients, on: reactor, log: log, report: report,
      service: try ServiceManager(service, log), network: network)
    try daemon.begin(material)
    return daemon
  }
}
