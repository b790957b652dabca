import AgentProtocol
import Glibc
import Logging
import SystemCalls

/// Has the listener's certificate renewed when it is time, by a process of its own: `agent-register --renew`, which speaks with the
/// enrolment service, changes store and listener.toml, and tells this agentd to reload. Here it is only known when.
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
  private var dueAt: Timestamp?
  /// What was due when the process was started.
  private var dueAtStart: Timestamp?
  private var delay = RenewalDelay()
  private var timer: TimerQueue.Timer?
  private var child: RenewalProcess?

  /// - Parameter program: what is started; its descriptors are set here.
  init(on reactor: Reactor, log: SupervisorLog, program: Program) {
    self.reactor = reactor
    self.log = log
    self.program = program
  }

  /// Whether the process runs.
  var isUnderWay: Bool { child != nil }

  /// Takes note of when the certificate that is served now is to be renewed; `nil` if it is not by itself.
  func schedule(_ time: Timestamp?) {
    if time != dueAt { delay = RenewalDelay() }
    dueAt = time
    arm(after: .zero)
  }

  private func arm(after least: Duration) {
    timer?.cancel()
    guard let dueAt, child == nil else { return }
    let remaining = Duration.milliseconds(dueAt.milliseconds - Timestamp.now().milliseconds)
    let wait = max(least, .zero, remaining)
    timer = reactor.after(min(wait, Self.glance)) { [weak self] in
      guard let self else { return }
      if wait > Self.glance { return arm(after: wait - Self.glance) }
      Timestamp.now() >= dueAt ? start() : arm(after: .zero)
    }
  }

  private func start() {
    do throws(SystemError) {
      let child = try RenewalProcess(program, on: reactor, limit: Self.processLimit, outputLimit: Self.outputLimit) {
        [weak self] in self?.ended($0, $1)
      }
      self.child = child
      dueAtStart = dueAt
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
    log.logger.notice("the listener's certificate was renewed", metadata: ["says": "\(output)"])
    // The reload that follows brings the next time, or has brought it. Should it not, nothing is renewed in a circle.
    arm(after: dueAt == dueAtStart ? delay.next() : .zero)
  }

  private func failed(_ reason: String) {
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

  private var upcoming = first

  mutating func next() -> Duration {
    defer { upcoming = min(upcoming * 2, Self.longest) }
    return .seconds(upcoming * Double.random(in: 0.75...1))
  }
}

extension Program {
  /// `agent-register --renew` on the configuration that agentd runs on. Of the environment it gets what says where files are.
  static func renewal(_ path: String, _ options: StartOptions) -> Program {
    let configuration = options.configurationFile.map { ["-c", $0] } ?? []
    var program = Program(path, arguments: ["agent-register", "--renew"] + configuration, descriptors: [])
    let places = ["AGENTD_CONFIG", "HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"]
    program.environment =
      ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
      + places.compactMap { name in options.environment[name].map { "\(name)=\($0)" } }
    program.directory = "/"
    return program
  }
}
