import AgentConfiguration
import AgentLogging
import AgentProtocol
import Glibc
import Logging
import SupervisorLink
import SystemCalls
import Values

/// The running supervisor: connects its parts and handles signals.
final class Daemon {
  /// How long the listener may finish open requests when agentd stops.
  static let stopLimit = Duration.seconds(5)
  /// How long a reload waits while too many replaced listeners are busy.
  ///
  /// Most finish within that time: what delays them is a client connection on which a request may be in progress, and that gets two
  /// seconds.
  static let roomLimit = Duration.seconds(3)
  /// How many users in agentd.toml are looked up for the warnings at start; the others are compared by name.
  static let mostNamesLookedUp = 256

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
  private var refresh: RevocationRefresh?
  private let unknownJobs: UnknownRunningJobs?
  private let quiet: QuietTime
  private var signals: SignalSource?
  private var status: StatusSocket?
  private var failure: StartFailure?
  private var trustedRoots: Set<Thumbprint> = []
  private var reloadIsWanted = false
  /// Whether a reload is waiting for the name service.
  private var isLookingUp = false
  private var logFile = ""
  // For the service manager: empty if the last reload succeeded.
  private var lastFailure = ""
  // For a process that requested a reload and waits for it.
  private var reloadResult = ReloadResult(begunAt: 0, failure: nil)
  private var pidFile = ""
  // The latest question to a listener about the clients of waiting jobs.
  private var judgement: UInt64 = 0
  private static let judgementLimit = Duration.seconds(30)
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
    unknownJobs = files.unknown.map { UnknownRunningJobs($0, on: reactor, log: log) }
    self.clients = clients
    quiet = QuietTime(.seconds(ProgramPages.quietTime), on: reactor) {
      jobs.accounts.giveBack()
      ProgramPages.giveBack()
    }
    requests = ListenerRequests(jobs, clients, log: log)
    listeners = ListenerSupervision(on: reactor, log: log, clientele: requests, launch: network.launch)
    jobs.tally.listeners = listeners
    jobs.clientWaits = { clients.keep($0) }
  }

  /// Sets up what the first turn needs: signals, jobs of a previous agentd, sockets, the listener.
  func begin(_ material: ServingMaterial) throws(StartFailure) {
    logFile = material.configuration.process.logFile
    pidFile = material.configuration.paths.pidFile
    // The working directory will change, and a reload must still find the file.
    options.configurationFile = material.configuration.file ?? options.configurationFile
    signals = try required(orExit: EX_OSERR) { () throws(SystemError) in
      try SignalSource([SIGTERM, SIGINT, SIGHUP, SIGUSR1], on: reactor) { [weak self] in self?.handle($0) }
    }
    do throws(SystemError) {
      status = try StatusSocket(in: material.configuration.paths.runtime, on: reactor) { [weak self] in
        self?.statusReport ?? StatusSocket.Report(summary: "agentd stops", jobs: [])
      }
    } catch { log.logger.warning("agentd --status will get no answer: \(error)") }
    reactor.turnEnded = { [weak self] in self?.endTurn() }
    let register = try required(orExit: EX_OSFILE) { () throws(SystemError) in
      try Program.installed("agent-register", or: "bin/agent-register")
    }
    renewal = CertificateRenewal(
      on: reactor, log: log, program: .register(register, "--renew", options),
      .init(
        dueAt: { [options] in ServingMaterial.renewalTime(options) }, reload: { [weak self] in self?.beginReload() }))
    jobs.tally.renewal = renewal
    refresh = RevocationRefresh(on: reactor, log: log, program: .register(register, "--refresh", options)) {
      [weak self] in self?.beginReload()
    }
    jobs.tally.refresh = refresh
    let sockets = try sockets(for: material, patience: ListeningSocket.startPatience)
    // Until a listener has judged their clients: lists and roots may have been imported while agentd was stopped.
    jobs.isHeld = true
    try recoverJobs()
    jobs.starts.begin()
    listeners.restarted = { [weak self] in
      guard let self else { return }
      if jobs.isHeld { judgeWaiting() }
      settleReload()
    }
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

  /// Runs until SIGTERM, SIGINT or a failure of the first listener.
  func run() throws(StartFailure) {
    defer { clients.save() }
    try required(orExit: EX_OSERR) { () throws(SystemError) in try reactor.run() }
    if let failure { throw failure }
  }

  private func recoverJobs() throws(StartFailure) {
    do {
      unknownJobs?.end()
      jobs.lookAtHost()
      let recovery = try jobs.recover()
      jobs.removeLeftovers()
      jobs.retention.lookSoon()
      guard recovery != Jobs.Recovery() else { return }
      log.logger.notice(
        "jobs of a previous agentd found",
        metadata: [
          "running": .stringConvertible(recovery.running), "queued": .stringConvertible(recovery.waiting),
          "ended_meanwhile": .stringConvertible(recovery.ended),
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
      refresh?.adopt(material.refresh)
      clients.warn(ofRemoved: clients.recentRoots.subtracting(trustedRoots))
      warnOfUsers(material)
      judgeWaiting()
      report.succeeded()
      service.isReady(serviceStatus)
      service.keepWatch(on: reactor) { [weak self] in self?.listeners.probe($0) }
      reactor.after(.seconds(ProgramPages.startTime)) { ProgramPages.giveBack() }
      settleReload()
    case .failure(let failure) where !jobs.isStopping:
      self.failure = failure
      reactor.stop()
    case .failure: break
    }
  }

  // The status that the service manager shows.
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
      "agentd stops and no longer serves; jobs keep running",
      metadata: ["signal": .stringConvertible(signal), "running": .stringConvertible(jobs.capacity.running)])
    // Shepherds that are ordered start first: the server ends with this process.
    listeners.stop(limit: Self.stopLimit) { [reactor, jobs] in
      jobs.starts.whenIdle(limit: Self.stopLimit) { reactor.stop() }
    }
  }

  /// What `agentd --status` shows.
  private var statusReport: StatusSocket.Report {
    let capacity = jobs.capacity
    let beginning = Timestamp(
      milliseconds: Timestamp.now().milliseconds - Int64(startedAt.duration(to: .now).components.seconds) * 1000)
    let certificate = listeners.report.map { "; certificate \($0.subject), valid to \($0.notAfter)" } ?? ""
    return StatusSocket.Report(
      summary: "agentd \(agentdVersion) (pid \(getpid())) \(serviceStatus) since \(beginning)\(certificate)"
        + "\(lastFailure); \(capacity.running) running, \(capacity.queued) queued",
      jobs: jobs.running.keys.compactMap { id in (try? jobs.ledger.status(of: id)) ?? nil })
  }

  private func logSummary() {
    let capacity = jobs.capacity
    log.logger.notice(
      "summary",
      metadata: [
        "uptime": "\(startedAt.duration(to: .now).inSeconds)", "running": .stringConvertible(capacity.running),
        "queued": .stringConvertible(capacity.queued), "requests_waiting": .stringConvertible(requests.openCount),
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
    // Before anything else: log rotation must work even if the configuration is broken.
    if !options.foreground { reopenLog() }
    listeners.awaitRoom(limit: Self.roomLimit) { [weak self] in self?.reloadNow() }
  }

  private func reloadNow() {
    guard !listeners.isStarting, !isLookingUp, !jobs.isStopping else {
      reloadIsWanted = true
      return
    }
    reloadResult = ReloadResult(begunAt: ReloadResult.now, failure: nil)
    do throws(StartFailure) {
      let users = try ServingMaterial.users(options)
      isLookingUp = true
      jobs.accounts.look(upAll: users) { [weak self] found in
        self?.isLookingUp = false
        self?.reload(found)
      }
    } catch {
      reloadFailed(error)
      settleReload()
    }
  }

  /// Starts a listener with the present configuration and store. Unless it becomes ready, nothing changes.
  private func reload(_ found: (String) -> Found) {
    guard !jobs.isStopping else { return }
    do throws(StartFailure) {
      let material = try ServingMaterial.load(options, found: found)
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
      jobs.isHeld = true
      jobs.adopt(material.configuration.jobs, material.configuration.clients, material.reserved)
      log.logger.logLevel = material.configuration.process.logLevel.forLogger
      log.auditLog = audit
      LogFormat.current = material.configuration.process.logFormat.forLines
      log.logger.notice("reload complete", metadata: facts(found, material))
      if let warning = material.accounts?.warning { log.logger.warning("\(warning)") }
      warnOfUsers(material)
      lastFailure = ""
      jobs.tally.reloads += 1
      renewal?.schedule(material.renewAt)
      refresh?.adopt(material.refresh)
      clients.warn(ofRemoved: trustedRoots.subtracting(material.rootThumbprints))
      trustedRoots = material.rootThumbprints
      judgeWaiting()
    case .failure(let failure): reloadFailed(failure)
    }
    settleReload()
  }

  private func reloadFailed(_ failure: StartFailure) {
    jobs.tally.failedReloads += 1
    let present = listeners.report.map { "still serving with \($0.subject) \($0.thumbprint)" } ?? "not serving"
    log.logger.error("reload failed: \(failure); \(present)")
    lastFailure = "; the last reload failed: \(failure)"
    reloadResult.failure = "\(failure)"
  }

  /// Cancels the waiting jobs of clients that are no longer admitted, then lets the others start.
  ///
  /// A listener that does not say holds them up for a while only.
  private func judgeWaiting() {
    judgement += 1
    let number = judgement
    let waiting = jobs.clientsOfWaiting()
    let known = clients.known(waiting)
    // Without its certificate, nobody can say whether the client is still admitted.
    let unknown = waiting.subtracting(known.map(\.thumbprint))
    let reason = "its certificate is not in the record of clients"
    jobs.cancelWaiting(ofRefused: Dictionary(uniqueKeysWithValues: unknown.map { ($0, reason) }))
    listeners.judge(
      known, { [weak self] in self?.jobs.cancelWaiting(ofRefused: $0) },
      finished: { [weak self] in self?.isJudged(number) })
    reactor.after(Self.judgementLimit) { [weak self] in self?.isJudged(number) }
  }

  private func isJudged(_ number: UInt64) {
    if number == judgement { jobs.isHeld = false }
  }

  /// Warns of users in agentd.toml that do not keep clients apart. The names are looked up first, as far as possible.
  private func warnOfUsers(_ material: ServingMaterial) {
    guard geteuid() == 0 else { return }
    let names = RiskyUsers.names(in: material.configuration).prefix(Self.mostNamesLookedUp)
    jobs.accounts.look(upAll: Array(names)) { [log] found in
      let risks = RiskyUsers(material.configuration, material.reserved) { found($0).account?.user }
      for line in risks.ownUsers + risks.warnings { log.logger.warning("\(line)") }
    }
  }

  // What changed while a listener was starting is not in its material.
  private func settleReload() {
    guard reloadIsWanted else {
      reloadResult.save(besides: pidFile)
      return service.reloadIsOver(serviceStatus + lastFailure)
    }
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
      "version": "\(agentdVersion)", "pid": .stringConvertible(getpid()),
      "name": "\(material.configuration.process.agentName)",
      "addresses": "\(listeners.sockets.map(\.shown).joined(separator: " "))", "subject": "\(found.subject)",
      "thumbprint": "\(found.thumbprint)", "expires": "\(found.notAfter)",
      "roots": "\(found.roots.joined(separator: "; "))",
      "max_running": .stringConvertible(material.configuration.jobs.maxRunning),
      "max_queued": .stringConvertible(material.configuration.jobs.maxQueued),
    ]
  }
}
