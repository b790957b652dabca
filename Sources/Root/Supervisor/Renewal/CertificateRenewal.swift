import Glibc
import Logging
import SystemCalls
import Values

/// Has a separate process renew the listener's certificate in time.
///
/// `agent-register --renew` talks to the enrolment service and changes the store and listener.toml. This class only knows when to do it,
/// and whether a reload has adopted the result.
final class CertificateRenewal {
  /// The maximum wait for a timer: the system time may be changed meanwhile.
  private static let glance = Duration.seconds(3600)
  /// The maximum duration of the process.
  private static let processLimit = Duration.seconds(300)
  /// The maximum number of bytes of its output that are read.
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

  /// Access to the files that the process changes.
  struct Files {
    /// Returns when the certificate has to be renewed according to the files; `nil` if that is not known.
    let dueAt: () -> Timestamp?
    /// Adopts the files; `schedule(_:)` is called when that succeeds.
    let reload: () -> Void
  }

  /// - Parameters:
  ///   - program: the program to start; its descriptors are set here.
  ///   - delay: the delay after a failure.
  init(on reactor: Reactor, log: SupervisorLog, program: Program, _ files: Files, delay: RenewalDelay = RenewalDelay())
  {
    self.reactor = reactor
    self.log = log
    self.program = program
    self.files = files
    (self.delay, firstDelay) = (delay, delay)
  }

  /// The number of renewals that produced a new certificate.
  private(set) var successes: UInt64 = 0
  /// The number of renewals that failed.
  private(set) var failures: UInt64 = 0
  /// The time of the next attempt, or the start of the one in progress; `nil` if the certificate is not renewed automatically.
  private(set) var nextAttempt: Timestamp?

  /// Sets when the certificate in use has to be renewed; `nil` if it is not renewed automatically.
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

  /// Starts a renewal, unless a renewed certificate is not in use yet because the reload failed: then reloads instead.
  private func attempt() {
    if let planned = files.dueAt(), planned != dueAt {
      log.logger.notice("the renewed listener certificate is not in use yet: reloading")
      return reload()
    }
    start()
  }

  private func reload() {
    files.reload()
    // Tries again unless the reload succeeds and sets the next time.
    arm(after: delay.next())
  }

  private func start() {
    do throws(SystemError) {
      let child = try RenewalProcess(program, on: reactor, limit: Self.processLimit, outputLimit: Self.outputLimit) {
        [weak self] in self?.ended($0, $1)
      }
      self.child = child
      log.logger.notice(
        "the listener's certificate is being renewed", metadata: ["pid": .stringConvertible(child.number)])
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

/// The delay before a renewal is retried: a minute at first, then increasing up to six hours.
///
/// It is randomised, so that a fleet does not retry at the same moment.
struct RenewalDelay {
  static let first = 60.0
  static let longest = 6 * 3600.0

  private var upcoming: Double

  /// - Parameter first: the first delay, in seconds.
  init(first: Double = RenewalDelay.first) {
    upcoming = first
  }

  mutating func next() -> Duration {
    defer { upcoming = min(upcoming * 2, Self.longest) }
    return .seconds(upcoming * Double.random(in: 0.75...1))
  }
}

extension Program {
  /// Returns `agent-register` with `action`, which confines itself, and agentd's configuration file.
  ///
  /// From the environment it gets only what determines the location of files.
  ///
  /// - Parameter action: `--renew` or `--refresh`.
  static func register(_ path: String, _ action: String, _ options: StartOptions) -> Program {
    let configuration = options.configurationFile.map { ["-c", $0] } ?? []
    var program = Program(
      path, arguments: ["agent-register", action, "--started-by-agentd"] + configuration, descriptors: [])
    let places = ["AGENTD_CONFIG", "HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"]
    program.environment =
      ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
      + places.compactMap { name in options.environment[name].map { "\(name)=\($0)" } }
    program.directory = "/"
    return program
  }
}
