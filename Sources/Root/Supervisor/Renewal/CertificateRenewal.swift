import Glibc
import Logging
import SystemCalls
import Values

/// Has the listener's certificate renewed when it is time, by a process of its own: `agent-register --renew`, which speaks with the
/// enrolment service and changes store and listener.toml. Here it is only known when, and whether a reload has taken that over.
final class CertificateRenewal {
  /// The longest wait for a timer: the host's clock may be set meanwhile.
  private static let glance = Duration.seconds(3600)
  /// How long the process may take.
  private static let processLimit = Duration.seconds(300)
  /// How much of what it says is read.
  private static let outputLimit = 4096

  private let reactor: Reactor
  private let log: SupervisorLog
  private let program: Program
  private let files: Files
  private var dueAt: Timestamp?
  private var delay: RenewalDelay
  private let firstDelay: RenewalDelay
  private var timer: TimerQueue.Timer?
  private var child: RenewalProcess?

  /// The files that the process changes.
  struct Files {
    /// When they say that the certificate is to be renewed; `nil` where that cannot be told.
    let dueAt: () -> Timestamp?
    /// Has them taken over; `schedule(_:)` tells when that succeeded.
    let reload: () -> Void
  }

  /// - Parameters:
  ///   - program: what is started; its descriptors are set here.
  ///   - delay: after a failure.
  init(on reactor: Reactor, log: SupervisorLog, program: Program, _ files: Files, delay: RenewalDelay = RenewalDelay())
  {
    self.reactor = reactor
    self.log = log
    self.program = program
    self.files = files
    (self.delay, firstDelay) = (delay, delay)
  }

  /// Renewals after which there was a new certificate.
  private(set) var successes: UInt64 = 0
  /// Renewals after which there was none.
  private(set) var failures: UInt64 = 0
  /// When it is tried next, or was begun if it is under way; `nil` if the certificate is not renewed by itself.
  private(set) var nextAttempt: Timestamp?

  /// Takes note of when the certificate that is served now is to be renewed; `nil` if it is not by itself.
  func schedule(_ time: Timestamp?) {
    if time != dueAt { delay = firstDelay }
    dueAt = time
    arm(after: .zero)
  }

  private func arm(after least: Duration) {
    timer?.cancel()
    guard let dueAt else { return nextAttempt = nil }
    guard child == nil else { return }
    let remaining = dueAt - .now()
    let wait = max(least, .zero, remaining)
    nextAttempt = .now() + wait
    timer = reactor.after(min(wait, Self.glance)) { [weak self] in
      guard let self else { return }
      if wait > Self.glance { return arm(after: wait - Self.glance) }
      Timestamp.now() >= dueAt ? attempt() : arm(after: .zero)
    }
  }

  /// A certificate that was renewed and is not served yet (the reload failed) shall not be renewed once more.
  private func attempt() {
    if let planned = files.dueAt(), planned != dueAt {
      log.logger.notice("the renewed listener certificate is not in use yet: reloading")
      return reload()
    }
    start()
  }

  private func reload() {
    files.reload()
    // Unless that succeeds and brings the next time.
    arm(after: delay.next())
  }

  private func start() {
    do throws(SystemError) {
      let child = try RenewalProcess(program, on: reactor, limit: Self.processLimit, outputLimit: Self.outputLimit) {
        [weak self] in self?.ended($0, $1)
      }
      self.child = child
      log.logger.notice("the listener's certificate is being renewed", metadata: ["pid": "\(child.number)"])
    } catch {
      failed("\(program.path) cannot be started: \(error.reason)")
    }
  }

  private func ended(_ end: ProcessEnd, _ output: String) {
    child = nil
    guard end == .exited(EXIT_SUCCESS) else {
      return failed(output.isEmpty ? "agent-register \(end)" : output)
    }
    successes += 1
    log.logger.notice("the listener's certificate was renewed", metadata: ["says": "\(output)"])
    reload()
  }

  private func failed(_ reason: String) {
    failures += 1
    let wait = delay.next()
    log.logger.error(
      "the listener's certificate was not renewed: \(reason); trying again in \(Int(wait / .seconds(1))) s")
    arm(after: wait)
  }
}

/// How long to wait before a renewal is tried again: a minute at first, then ever longer, up to six hours; at random, so that a fleet does
/// not come back at once.
struct RenewalDelay {
  static let first = 60.0
  static let longest = 6 * 3600.0

  private var upcoming: Double

  /// - Parameter first: seconds.
  init(first: Double = RenewalDelay.first) {
    upcoming = first
  }

  mutating func next() -> Duration {
    defer { upcoming = min(upcoming * 2, Self.longest) }
    return .seconds(upcoming * Double.random(in: 0.75...1))
  }
}

extension Program {
  /// `agent-register --renew`, confined, on the configuration that agentd runs on. Of the environment it gets what says where files are.
  static func renewal(_ path: String, _ options: StartOptions) -> Program {
    let configuration = options.configurationFile.map { ["-c", $0] } ?? []
    var program = Program(
      path, arguments: ["agent-register", "--renew", "--started-by-agentd"] + configuration, descriptors: [])
    let places = ["AGENTD_CONFIG", "HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"]
    program.environment =
      ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
      + places.compactMap { name in options.environment[name].map { "\(name)=\($0)" } }
    program.directory = "/"
    return program
  }
}
