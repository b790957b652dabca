import AgentConfiguration
import AgentLogging
import AgentProtocol
import Glibc
import Logging
import SupervisorLink
import SystemCalls
import Values

/// The running supervisor: its parts tied together, and what the signals do.
final class Daemon {
  /// How long the listener may finish what is open when agentd stops.
  static let stopLimit = Duration.seconds(5)
  /// How long a reload waits while too many replaced listeners are busy. Most have finished by then: what takes them long is a
  /// client's connection on which a request may be under way, and that is given two seconds.
  static let roomLimit = Duration.seconds(3)

  private var options: StartOptions
  private let files: HostFiles
  private let reactor: Reactor
  private let log: SupervisorLog
  private let report: StartReport
  private let jobs: Jobs
  private let clients: RecordedClients
  private let requests: ListenerRequests
  private let listeners: ListenerSupervision
  private let service: ServiceManager
  private var renewal: CertificateRenewal?
  private let quiet: QuietTime
  private var signals: SignalSource?
  private var failure: StartFailure?
  private var trustedRoots: Set<Thumbprint> = []
  private var reloadIsWanted = false
  private var logFile = ""
  // For the service manager: empty if the last reload went well.
  private var lastFailure = ""
  private let startedAt = ContinuousClock.now

  init(
    _ options: StartOptions, files: HostFiles, jobs: Jobs, clients: RecordedClients, on reactor: Reactor,
    log: SupervisorLog, report: StartReport, service: ServiceManager, network: NetworkProgram
  ) {
    self.options = options
    self.files = files
    self.reactor = reactor
    self.log = log
    self.report = report
    self.service = service
    self.jobs = jobs
    self.clients = clients
    quiet = QuietTime(.seconds(ProgramPages.quietTime), on: reactor) { ProgramPages.giveBack() }
    requests = ListenerRequests(jobs, clients, log: log)
    listeners = ListenerSupervision(on: reactor, log: log, clientele: requests, launch: network.launch)
    jobs.tally.listeners = listeners
  }

  /// Signals, jobs of before, sockets, listener: what has to stand before the first turn.
  func begin(_ material: ServingMaterial) throws(StartFailure) {
    logFile = material.configuration.process.logFile
    // A reload finds the file again although the working folder is another by then.
    options.configurationFile = material.configuration.file ?? options.configurationFile
    signals = try required(orExit: EX_OSERR) { () throws(SystemError) in
      try SignalSource([SIGTERM, SIGINT, SIGHUP, SIGUSR1], on: reactor) { [weak self] in self?.handle($0) }
    }
    reactor.turnEnded = { [weak self] in self?.endTurn() }
    let register = try required(orExit: EX_OSFILE) { () throws(SystemError) in
      try Program.installed("agent-register", or: "bin/agent-register")
    }
    renewal = CertificateRenewal(
      on: reactor, log: log, program: .renewal(register, options),
      .init(
        dueAt: { [options] in ServingMaterial.renewalTime(options) }, reload: { [weak self] in self?.beginReload() }))
    jobs.tally.renewal = renewal
    let sockets = try sockets(for: material, patience: ListeningSocket.startPatience)
    try recoverJobs()
    listeners.restarted = { [weak self] in self?.settleReload() }
    try listeners.start(material, sockets) { [weak self] in self?.started($0, material) }
  }

  private func sockets(
    for material: ServingMaterial, patience: Int = 0
  ) throws(StartFailure) -> [ListeningSocket] {
    guard !service.sockets.isEmpty else {
      return try ListeningSocket.bindAll(
        material.endpoints, existing: listeners.boundSockets, patience: patience, log: log)
    }
    if Set(service.sockets.map(\.endpoint)) != Set(material.endpoints) {
      log.logger.notice(
        "listening on the service manager's sockets, not on the addresses in listener.toml",
        metadata: ["addresses": "\(material.endpoints.map(\.description).joined(separator: " "))"])
    }
    return service.sockets
  }

  /// Takes turns until SIGTERM, SIGINT or a failure of the first listener.
  func run() throws(StartFailure) {
    defer { clients.save() }
    try required(orExit: EX_OSERR) { () throws(SystemError) in try reactor.run() }
    if let failure { throw failure }
  }

  private func recoverJobs() throws(StartFailure) {
    do {
      let recovery = try jobs.recover()
      jobs.removeLeftovers()
      jobs.retention.lookSoon()
      guard recovery != Jobs.Recovery() else { return }
      log.logger.notice(
        "jobs of a previous agentd found",
        metadata: [
          "running": "\(recovery.running)", "queued": "\(recovery.waiting)", "ended_meanwhile": "\(recovery.ended)",
        ])
    } catch {
      throw StartFailure(error)
    }
  }

  private func endTurn() {
    if let capacity = jobs.endTurn() { listeners.push(capacity) }
    quiet.turnEnded()
  }

  private func started(_ result: Result<ListenerReport, StartFailure>, _ material: ServingMaterial) {
    switch result {
    case .success(let found):
      log.logger.notice("agentd serves", metadata: facts(found, material))
      if let warning = material.accounts?.warning { log.logger.warning("\(warning)") }
      trustedRoots = material.rootThumbprints
      renewal?.schedule(material.renewAt)
      clients.warn(ofRemoved: clients.recentRoots.subtracting(trustedRoots))
      report.succeeded()
      service.isReady(serviceStatus)
      service.keepWatch(on: reactor) { [weak self] in self?.listeners.probe($0) }
      settleReload()
    case .failure(let failure) where !jobs.isStopping:
      self.failure = failure
      reactor.stop()
    case .failure: break
    }
  }

  // What the service manager shows of agentd.
  private var serviceStatus: String {
    "serves at \(listeners.sockets.map(\.shown).joined(separator: " "))"
  }

  private func handle(_ signal: Int32) {
    switch signal {
    case SIGHUP: beginReload()
    case SIGUSR1: logSummary()
    default: stop(signal)
    }
  }

  private func stop(_ signal: Int32) {
    guard !jobs.isStopping else { return reactor.stop() }
    jobs.isStopping = true
    service.stops()
    log.logger.notice(
      "agentd stops; jobs keep running", metadata: ["signal": "\(signal)", "running": "\(jobs.capacity.running)"])
    listeners.stop(limit: Self.stopLimit) { [reactor] in reactor.stop() }
  }

  private func logSummary() {
    let capacity = jobs.capacity
    log.logger.notice(
      "summary",
      metadata: [
        "uptime": "\(startedAt.duration(to: .now).inSeconds)", "running": "\(capacity.running)",
        "queued": "\(capacity.queued)", "requests_waiting": "\(requests.openCount)",
        "addresses": "\(listeners.sockets.map(\.shown).joined(separator: " "))",
        "thumbprint": "\(listeners.report?.thumbprint.description ?? "none")",
      ])
  }
}

extension Daemon {
  private func beginReload() {
    service.reloads()
    reload()
  }

  private func reload() {
    // Before anything else: whoever rotates the log need not have a sound configuration.
    if !options.foreground { reopenLog() }
    listeners.awaitRoom(limit: Self.roomLimit) { [weak self] in self?.reloadNow() }
  }

  /// Starts a listener from what configuration and store say now. Unless it gets ready, all stays as it is.
  private func reloadNow() {
    guard !listeners.isStarting, !jobs.isStopping else {
      reloadIsWanted = true
      return
    }
    do throws(StartFailure) {
      let material = try ServingMaterial.load(options)
      if material.configuration.process.logFile != logFile {
        logFile = material.configuration.process.logFile
        if !options.foreground { reopenLog() }
      }
      let audit = try required(orExit: EX_CANTCREAT) { () throws(SystemError) in
        try AuditLog(material.configuration.process.auditLog)
      }
      try listeners.start(material, try sockets(for: material)) { [weak self] in self?.reloaded($0, material, audit) }
    } catch {
      reloadFailed(error)
      settleReload()
    }
  }

  private func reloaded(
    _ result: Result<ListenerReport, StartFailure>, _ material: ServingMaterial, _ audit: AuditLog
  ) {
    switch result {
    case .success(let found):
      OpenFileLimit.raise(forJobs: material.configuration.jobs.maxRunning, log)
      OpenFileLimit.check(material.configuration.limits, log)
      jobs.adopt(material.configuration.jobs, material.configuration.clients)
      log.logger.logLevel = material.configuration.process.logLevel.forLogger
      log.auditLog = audit
      LogFormat.current = material.configuration.process.logFormat.forLines
      log.logger.notice("reload complete", metadata: facts(found, material))
      if let warning = material.accounts?.warning { log.logger.warning("\(warning)") }
      lastFailure = ""
      jobs.tally.reloads += 1
      renewal?.schedule(material.renewAt)
      clients.warn(ofRemoved: trustedRoots.subtracting(material.rootThumbprints))
      trustedRoots = material.rootThumbprints
    case .failure(let failure): reloadFailed(failure)
    }
    settleReload()
  }

  private func reloadFailed(_ failure: StartFailure) {
    jobs.tally.failedReloads += 1
    let present = listeners.report.map { "still serving with \($0.subject) \($0.thumbprint)" } ?? "not serving"
    log.logger.error("reload failed: \(failure); \(present)")
    lastFailure = "; the last reload failed: \(failure)"
  }

  // What changed while a listener was starting is not in its material.
  private func settleReload() {
    guard reloadIsWanted else { return service.reloadIsOver(serviceStatus + lastFailure) }
    reloadIsWanted = false
    reload()
  }

  private func reopenLog() {
    do throws(SystemError) { try LogFile.reopen(logFile) } catch {
      log.logger.error("log file cannot be reopened: \(error)")
    }
  }

  private func facts(_ found: ListenerReport, _ material: ServingMaterial) -> Logger.Metadata {
    [
      "version": "\(agentdVersion)", "pid": "\(getpid())", "name": "\(material.configuration.process.agentName)",
      "addresses": "\(listeners.sockets.map(\.shown).joined(separator: " "))", "subject": "\(found.subject)",
      "thumbprint": "\(found.thumbprint)", "expires": "\(found.notAfter)",
      "roots": "\(found.roots.joined(separator: "; "))",
      "max_running": "\(material.configuration.jobs.maxRunning)",
      "max_queued": "\(material.configuration.jobs.maxQueued)",
    ]
  }
}
