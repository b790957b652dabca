import AgentConfiguration
import AgentProtocol
import Glibc
import Logging
import SystemCalls

/// The running supervisor: its parts tied together, and what the signals do.
final class Daemon {
  /// How long the listener may finish what is open when agentd stops.
  static let stopLimit = Duration.seconds(5)

  private var options: StartOptions
  private let files: HostFiles
  private let reactor: Reactor
  private let log: SupervisorLog
  private let report: StartReport
  private let jobs: Jobs
  private let requests: ListenerRequests
  private let listeners: ListenerSupervision
  private var signals: SignalSource?
  private var failure: StartFailure?
  private var reloadIsWanted = false
  private let startedAt = ContinuousClock.now

  init(
    _ options: StartOptions, _ files: HostFiles, _ jobs: Jobs, on reactor: Reactor, _ log: SupervisorLog,
    _ report: StartReport
  ) {
    self.options = options
    self.files = files
    self.reactor = reactor
    self.log = log
    self.report = report
    self.jobs = jobs
    requests = ListenerRequests(jobs, log: log)
    listeners = ListenerSupervision(on: reactor, log: log, clientele: requests)
  }

  /// Signals, jobs of before, sockets, listener: what has to stand before the first turn.
  func begin(_ material: ServingMaterial) throws(StartFailure) {
    // A reload finds the file again although the working folder is another by then.
    options.configurationFile = material.configuration.file ?? options.configurationFile
    signals = try required(orExit: EX_OSERR) { () throws(SystemError) in
      try SignalSource([SIGTERM, SIGINT, SIGHUP, SIGUSR1], on: reactor) { [weak self] in self?.handle($0) }
    }
    reactor.turnEnded = { [weak self] in self?.endTurn() }
    let sockets = try ListeningSocket.bindAll(material.endpoints, log: log)
    try recoverJobs()
    try listeners.start(material, sockets) { [weak self] in self?.started($0, material) }
  }

  /// Takes turns until SIGTERM, SIGINT or a failure of the first listener.
  func run() throws(StartFailure) {
    try required(orExit: EX_OSERR) { () throws(SystemError) in try reactor.run() }
    if let failure { throw failure }
  }

  private func recoverJobs() throws(StartFailure) {
    do {
      let recovery = try jobs.recover()
      jobs.removeLeftovers()
      guard recovery != Jobs.Recovery() else { return }
      log.logger.notice(
        "jobs of an earlier agentd found",
        metadata: [
          "running": "\(recovery.running)", "queued": "\(recovery.waiting)", "ended_meanwhile": "\(recovery.ended)",
        ])
    } catch {
      throw StartFailure(error)
    }
  }

  private func endTurn() {
    if let capacity = jobs.endTurn() { listeners.push(capacity) }
  }

  private func started(_ result: Result<ListenerReport, StartFailure>, _ material: ServingMaterial) {
    switch result {
    case .success(let found):
      log.logger.notice("agentd serves", metadata: facts(found, material))
      report.succeeded()
      warnOfExpiry(found)
    case .failure(let failure) where !jobs.isStopping:
      self.failure = failure
      reactor.stop()
    case .failure: break
    }
    settleReload()
  }

  private func handle(_ signal: Int32) {
    switch signal {
    case SIGHUP: reload()
    case SIGUSR1: logSummary()
    default: stop(signal)
    }
  }

  private func stop(_ signal: Int32) {
    guard !jobs.isStopping else { return reactor.stop() }
    jobs.isStopping = true
    log.logger.notice(
      "agentd stops; jobs go on", metadata: ["signal": "\(signal)", "running": "\(jobs.capacity.running)"])
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
        "thumbprint": "\(listeners.report?.thumbprint ?? "none")",
      ])
  }
}

extension Daemon {
  /// Starts a listener from what configuration and store say now. Unless it gets ready, all stays as it is.
  private func reload() {
    guard !listeners.isStarting, !jobs.isStopping else {
      reloadIsWanted = true
      return
    }
    do throws(StartFailure) {
      let material = try ServingMaterial.load(options)
      if !options.foreground { reopenLog(material) }
      let sockets = try ListeningSocket.bindAll(material.endpoints, existing: listeners.sockets, log: log)
      try listeners.start(material, sockets) { [weak self] in self?.reloaded($0, material) }
    } catch {
      reloadFailed(error)
    }
  }

  private func reloaded(_ result: Result<ListenerReport, StartFailure>, _ material: ServingMaterial) {
    switch result {
    case .success(let found):
      OpenFileLimit.raise(forJobs: material.configuration.jobs.maxRunning, log)
      jobs.adopt(material.configuration.jobs)
      log.logger.logLevel = material.configuration.process.logLevel.forLogger
      log.logger.notice("reload complete", metadata: facts(found, material))
      warnOfExpiry(found)
    case .failure(let failure): reloadFailed(failure)
    }
    settleReload()
  }

  private func reloadFailed(_ failure: StartFailure) {
    let present = listeners.report.map { "still serving with \($0.subject) \($0.thumbprint)" } ?? "not serving"
    log.logger.error("reload failed: \(failure); \(present)")
  }

  // What changed while a listener was starting is not in its material.
  private func settleReload() {
    guard reloadIsWanted else { return }
    reloadIsWanted = false
    reload()
  }

  private func reopenLog(_ material: ServingMaterial) {
    do throws(SystemError) { try LogFile.reopen(material.configuration.process.logFile) } catch {
      log.logger.error("log file cannot be opened again: \(error)")
    }
  }

  private func warnOfExpiry(_ found: ListenerReport) {
    let days = (found.notAfter.milliseconds - Timestamp.now().milliseconds) / 86_400_000
    guard days < 30 else { return }
    log.logger.warning(
      "listener certificate \(days < 0 ? "has expired" : "expires in \(days) days"); import its successor: agent-register -I",
      metadata: ["subject": "\(found.subject)", "expires": "\(found.notAfter)"])
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
