import AgentConfiguration
import AgentLogging
import CLinux
import Glibc
import Logging
import SystemCalls

/// The privileged process of agentd.
///
/// It reads configuration and store, keeps the ledger, starts jobs, and a listener that talks to the network. It parses neither TLS nor
/// HTTP nor certificates.
public enum Supervisor {
  /// Runs until SIGTERM or SIGINT. Blocks the calling thread, which must be the only one.
  ///
  /// Without `foreground`, the original process ends in this call as soon as the daemon serves, or fails to.
  ///
  /// - Returns: the exit code, as in sysexits(3).
  public static func run(_ options: StartOptions) -> Int32 {
    var report = StartReport.terminal
    do throws(StartFailure) {
      if let path = options.newConfiguration { return try WriteConfiguration.run(path) }
      if options.killsDaemon || options.removesService {
        let status = options.killsDaemon ? try EndDaemon.run(options) : EX_OK
        return options.removesService ? try RemoveService.run(options) : status
      }
      try KernelNeeds.check()
      if options.showsStatus { return try ShowStatus.run(options) }
      if options.checkOnly { return try Check.run(options) }
      // With the ID that this process was started with.
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

  /// Does everything before the loop, in order: first what a user can fix, last what others notice.
  private static func start(
    _ options: StartOptions, _ service: ServiceEnvironment, _ report: inout StartReport
  ) throws(StartFailure) -> Daemon {
    // Descriptors that our parent left open are not ours, and holding them would hide their end from it.
    clinux_close_from(UInt32(ServiceEnvironment.firstSocket) + UInt32(service.socketCount))
    // Likewise, the jobs must not get the keyring of our parent's session.
    _ = clinux_join_session_keyring()
    umask(0o077)
    // Those that have no meaning for agentd, when somebody sends them to processes by name.
    for number in [SIGPIPE, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR] { signal(number, SIG_IGN) }
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
      clients: configuration.clients,
      accounts: Resolver(on: reactor, log: log) { () throws(SystemError) in
        try Resolver.launch(as: material.accounts?.listener)
      })
    jobs.policy.reserved = material.reserved
    let clients = RecordedClients(path: configuration.paths.clients, on: reactor, log: log)
    let daemon = Daemon(
      options, files: files, jobs: jobs, clients: clients, on: reactor, log: log, report: report,
      service: try ServiceManager(service, log), network: network)
    try daemon.begin(material)
    return daemon
  }
}
