import AgentProtocol
import CertificateStore
import Glibc
import Logging
import SystemCalls
import Values

/// Has a separate process ask the enrolment service for newer revocation lists: every few minutes, and when a client says that there is one.
///
/// `agent-register --refresh` talks to the service and changes the store. This class knows when to start it, and reloads if the store is
/// another than the one that is served.
final class RevocationRefresh {
  /// The least time between two starts, however many clients ask.
  static let leastPause = Duration.seconds(5)
  /// The maximum random delay after a client's request: a scheduler tells all its agents at once.
  static let spread = 2.0
  /// The maximum random delay after the start: many hosts may start at once.
  private static let startSpread = 30.0
  private static let processLimit = Duration.seconds(300)
  private static let outputLimit = 4096

  /// What depends on configuration and store.
  struct Settings {
    /// Whether there is an enrolment service to ask.
    var hasServer = false
    /// How often to ask, in seconds; 0 for never.
    var interval = 0
    /// The store.
    var store: CertificateStore
    /// The generation of the store that is served.
    var generation: String?
  }

  private let reactor: Reactor
  private let log: SupervisorLog
  private let program: Program
  private let reload: () -> Void
  private var settings: Settings?
  private var timer: TimerQueue.Timer?
  private var dueAt = ContinuousClock.now
  private var startedAt: ContinuousClock.Instant?
  private var child: RenewalProcess?
  /// Whether a client asked while the process ran, which may have looked before.
  private var isWanted = false
  private var delay = RenewalDelay(first: 10)
  private var requests = LookRequests()
  private var lastSaid = ""

  /// The number of successful requests.
  private(set) var successes: UInt64 = 0
  /// The number of failed requests.
  private(set) var failures: UInt64 = 0
  /// When a request last succeeded.
  private(set) var lastSuccess: Timestamp?

  /// - Parameters:
  ///   - program: the program to start; its descriptors are set here.
  ///   - reload: adopts a changed store; `adopt` is called when that succeeds.
  init(on reactor: Reactor, log: SupervisorLog, program: Program, reload: @escaping () -> Void) {
    self.reactor = reactor
    self.log = log
    self.program = program
    self.reload = reload
  }

  /// Uses the settings that a start or a reload has loaded.
  func adopt(_ new: Settings) {
    let old = settings
    settings = new
    if !new.hasServer { timer?.cancel() }
    // Otherwise a look that a client has asked for stays due.
    if new.hasServer, new.interval > 0, child == nil, old?.hasServer != true || old?.interval != new.interval {
      schedule(.seconds(Double.random(in: 1...min(Self.startSpread, Double(new.interval)))))
    }
  }

  /// Looks soon: a client says that there may be a newer list.
  ///
  /// - Throws: `Problem` if there is nowhere to look, or this client has asked too often.
  func look(for owner: JobOwner) throws(Problem) {
    guard settings?.hasServer == true else {
      throw Problem(.notSupported, "this agent has no enrolment service to fetch lists from (agent-register -L -s)")
    }
    guard requests.add(owner, at: .now) else {
      throw Problem(
        .tooMuch, "this client has asked \(LookRequests.perMinute) times within a minute; agentd looks anyway")
    }
    if child != nil { return isWanted = true }
    let pause = startedAt.map { $0 + Self.leastPause - .now } ?? .zero
    let wait = max(pause, .zero) + .seconds(Double.random(in: 0...Self.spread))
    if timer?.isPending != true || dueAt > .now + wait { schedule(wait) }
  }

  private func schedule(_ wait: Duration) {
    timer?.cancel()
    dueAt = .now + wait
    timer = reactor.after(wait) { [weak self] in self?.start() }
  }

  private func start() {
    guard child == nil, settings?.hasServer == true else { return }
    isWanted = false
    startedAt = .now
    do throws(SystemError) {
      child = try RenewalProcess(program, on: reactor, limit: Self.processLimit, outputLimit: Self.outputLimit) {
        [weak self] in self?.ended($0, $1)
      }
    } catch {
      failed("\(program.path) cannot be started: \(error.reason)")
    }
  }

  private func ended(_ end: ProcessEnd, _ output: String) {
    child = nil
    if end == .exited(EXIT_SUCCESS) {
      succeeded(output)
    } else {
      failed(output.isEmpty ? "agent-register \(end)" : output)
    }
    // Also after a failure: the process may have been killed between its change and its end.
    if let settings, settings.store.generation != settings.generation { reload() }
  }

  private func succeeded(_ output: String) {
    successes += 1
    lastSuccess = .now()
    delay = RenewalDelay(first: 10)
    if !output.isEmpty, output != lastSaid {
      log.logger.notice("revocation lists were fetched", metadata: ["says": "\(output)"])
    }
    lastSaid = output
    next(after: usualWait)
  }

  /// Every agent asks at a time of its own.
  private var usualWait: Duration? {
    guard let interval = settings?.interval, interval > 0 else { return nil }
    return .seconds(Double(interval) * Double.random(in: 0.9...1.1))
  }

  private func failed(_ reason: String) {
    failures += 1
    let (usual, soon) = (usualWait, delay.next())
    // The next one says the same.
    if reason != lastSaid {
      log.logger.warning(
        "newer revocation lists were not fetched: \(reason); those here stay in use, and agentd tries again")
    }
    lastSaid = reason
    next(after: usual.map { min($0, soon) } ?? (soon < .seconds(300) ? soon : nil))
  }

  private func next(after wait: Duration?) {
    if isWanted { return schedule(Self.leastPause) }
    if let wait { schedule(wait) }
  }
}

/// Counts how often clients ask agentd to look for newer lists.
struct LookRequests {
  /// How often a client may ask within a minute.
  static let perMinute = 12
  /// The number of clients that are counted separately; all others share one account.
  static let maximumClients = 256

  private var counts: [JobOwner?: Int] = [:]
  private var began = ContinuousClock.now

  /// Counts a request.
  ///
  /// - Returns: whether the client may make it.
  mutating func add(_ owner: JobOwner, at now: ContinuousClock.Instant) -> Bool {
    if now - began >= .seconds(60) { (counts, began) = ([:], now) }
    let key = counts[owner] == nil && counts.count >= Self.maximumClients ? nil : owner
    guard counts[key, default: 0] < Self.perMinute else { return false }
    counts[key, default: 0] += 1
    return true
  }
}
