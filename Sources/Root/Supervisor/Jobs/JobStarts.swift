import AgentProtocol
import JobLaunch
import Logging
import SystemCalls

/// Starts jobs through the shepherd server, each once, whatever happens to the server: it may be killed, paused or replaced at any time.
///
/// Nothing waits for the server. An order that it did not carry out, which shows in the job's folder, is given to the next one.
final class JobStarts {
  /// The maximum number of orders that are not carried out yet; the others wait here, where they need no descriptors.
  static let mostGiven = 64
  /// How long the server may leave all orders undone before it is replaced: it is stopped, or hangs.
  static let patience = Duration.seconds(5)
  /// The time between two attempts for which there is no event to wait for.
  private static let pause = Duration.milliseconds(10)

  /// Launches a job.
  typealias Launch = () throws(LaunchRefusal) -> LaunchedJob?

  private struct Wanted {
    let id: JobID
    let launch: Launch
    var launches = 0
  }

  private struct Given {
    var wanted: Wanted
    let job: LaunchedJob
    let server: ProcessHandle?
    let since = ContinuousClock.now
    var watch: Reactor.Watch?
  }

  private let reactor: Reactor
  private let log: SupervisorLog
  private let shepherds: Shepherds
  private let launcher: JobLauncher
  private var waiting: [Wanted] = []
  private var given: [JobID: Given] = [:]
  /// The servers that have not ended yet, the present one and those that were replaced, by their handles.
  private var servers: [ObjectIdentifier: Reactor.Watch] = [:]
  private var lastStart = ContinuousClock.now
  private var restartDelay = RestartDelay()
  private var serverStarted = ContinuousClock.now
  private var check: TimerQueue.Timer?
  private var retry: TimerQueue.Timer?
  private var idleFollower: (() -> Void)?

  /// Called when the job's shepherd runs.
  var started: (RunningJob) -> Void = { _ in }
  /// Called when a job cannot be started, or its shepherd has ended.
  var ended: (JobID, RecalledOrder?, JobOutcome) -> Void = { _, _, _ in }
  /// Returns who cancelled a job, if anyone did.
  var canceller: (JobID) -> String? = { _ in nil }

  /// - Parameter launcher: for the contents of the jobs' folders; its settings for starting jobs are not used.
  init(on reactor: Reactor, log: SupervisorLog, launcher: JobLauncher) {
    (self.reactor, self.log, self.launcher, shepherds) = (reactor, log, launcher, launcher.shepherds)
  }

  /// Starts the server, and from now on restarts it when it ends. Otherwise the first job does.
  func begin() {
    do throws(SystemError) { watch(try shepherds.start()) } catch {
      log.logger.error("the shepherd server cannot be started: \(error)")
      reactor.after(restartDelay.next(afterLife: .zero)) { [weak self] in self?.begin() }
    }
  }

  /// Starts a job, now or when the server has carried out enough other orders.
  func add(_ id: JobID, _ launch: @escaping Launch) {
    waiting.append(Wanted(id: id, launch: launch))
    launchWaiting()
  }

  /// Removes a job for which nothing was ordered yet.
  ///
  /// - Returns: whether it was one.
  func remove(_ id: JobID) -> Bool {
    guard let index = waiting.firstIndex(where: { $0.id == id }) else { return false }
    waiting.remove(at: index)
    tellIfIdle()
    return true
  }

  /// Calls `follower` once no job is being started, at the latest after `limit`.
  func whenIdle(limit: Duration, _ follower: @escaping () -> Void) {
    idleFollower = follower
    reactor.after(limit) { [weak self] in self?.beIdle() }
    tellIfIdle()
  }

  private func tellIfIdle() {
    if waiting.isEmpty, given.isEmpty { beIdle() }
  }

  private func beIdle() {
    let follower = idleFollower
    idleFollower = nil
    follower?()
  }

  private func launchWaiting() {
    while given.count < Self.mostGiven, !waiting.isEmpty {
      let wanted = waiting.removeFirst()
      if let canceller = canceller(wanted.id) {
        ended(wanted.id, nil, .cancelled(by: canceller))
      } else if !launch(wanted) {
        waiting.insert(wanted, at: 0)
        if retry?.isPending != true {
          retry = reactor.after(Self.pause) { [weak self] in self?.launchWaiting() }
        }
        break
      }
    }
    tellIfIdle()
  }

  /// - Returns: false if the server has too many orders.
  private func launch(_ wanted: Wanted) -> Bool {
    do throws(LaunchRefusal) {
      guard let job = try wanted.launch() else { return false }
      var given = Given(wanted: wanted, job: job, server: shepherds.process)
      given.wanted.launches += 1
      self.given[job.id] = given
      if let server = given.server { watch(server) }
      watch(job)
      scheduleCheck()
    } catch {
      ended(wanted.id, nil, JobOutcome(error))
    }
    return true
  }

  private func watch(_ job: LaunchedJob) {
    do throws(SystemError) {
      given[job.id]?.watch = try reactor.watch(job.report, for: .readable) { [weak self] _ in
        self?.look(at: job.id, wasReported: true)
      }
    } catch {
      lookLater(at: job.id)
    }
  }

  private func lookLater(at id: JobID) {
    given[id]?.watch = nil
    reactor.after(Self.pause) { [weak self] in self?.look(at: id, wasReported: false) }
  }

  private func look(at id: JobID, wasReported: Bool) {
    guard let found = given[id] else { return }
    let start = launcher.start(of: found.job, wasReported: wasReported)
    // The folder is locked for a moment longer than the report lives, or there is no free descriptor.
    if case .awaited = start { return lookLater(at: id) }
    given[id] = nil
    found.watch?.cancel()
    switch start {
    case .running(let job):
      lastStart = .now
      started(job)
    case .ended(let outcome): ended(id, found.job.order, outcome)
    case .refused(let refusal): ended(id, nil, JobOutcome(refusal))
    case .awaited, .dropped: startAgain(found.wanted)
    }
    launchWaiting()
  }

  private func startAgain(_ wanted: Wanted) {
    guard wanted.launches < JobLauncher.mostLaunches else {
      let reason =
        "cannot start the job's shepherd: the shepherd server ended \(wanted.launches) times before it had done so"
      return ended(wanted.id, nil, JobOutcome(.couldNotStart, reason: reason))
    }
    waiting.insert(wanted, at: 0)
  }
}

// MARK: The server

extension JobStarts {
  private func watch(_ server: ProcessHandle) {
    if servers[ObjectIdentifier(server)] != nil { return }
    serverStarted = .now
    do throws(SystemError) {
      servers[ObjectIdentifier(server)] = try reactor.watch(server.descriptor, for: .readable) { [weak self] _ in
        self?.serverEnded(server)
      }
    } catch {
      log.logger.error("the shepherd server cannot be watched: \(error)")
    }
  }

  private func serverEnded(_ server: ProcessHandle) {
    servers[ObjectIdentifier(server)] = nil
    Shepherds.reap(server)
    log.logger.notice("the shepherd server has ended; jobs do not notice", metadata: ["pid": "\(server.processID)"])
    if shepherds.process === server { shepherds.replace() }
    // An order may have started the next one.
    if shepherds.process != nil { return }
    reactor.after(restartDelay.next(afterLife: serverStarted.duration(to: .now))) { [weak self] in self?.begin() }
  }

  private func scheduleCheck() {
    if check?.isPending == true { return }
    check = reactor.after(Self.patience) { [weak self] in self?.replaceIfIdle() }
  }

  /// Replaces the server if it has been leaving orders undone. Those whose shepherd is stopped wait on; those that it dropped show that.
  private func replaceIfIdle() {
    let server = shepherds.process
    let undone = given.values.filter { $0.server === server }
    let now = ContinuousClock.now
    if server != nil, undone.contains(where: { max($0.since, lastStart).duration(to: now) >= Self.patience }) {
      log.logger.warning("the shepherd server does not carry out its orders and is replaced")
      shepherds.replace()
    } else if !undone.isEmpty {
      scheduleCheck()
    }
  }
}
