import AgentProtocol
import Glibc
import Logging
import SupervisorLink
import SystemCalls

/// Who hears what the listeners ask.
protocol ListenerClientele: AnyObject {
  /// A message about a client: `.request`, `.abandon` or `.admitted`.
  func listener(_ listener: ListenerChild, asks message: ListenerMessage)
  /// Nobody waits for this listener's answers any more.
  func listenerIsGone(_ listener: ListenerChild)
  /// The counts to begin with.
  var capacity: Capacity { get }
}

/// Keeps one listener serving: starts it, starts it again when it dies, replaces it on a reload, ends it.
///
/// A replacement serves before the old one stops accepting, and the listening sockets stay open here, so that no
/// connection is refused at any time.
final class ListenerSupervision: ListenerEvents {
  /// What a listener is started for.
  private struct Order {
    let material: ServingMaterial
    let sockets: [ListeningSocket]
    let checkOnly: Bool
    let presented: String?
    let settled: (Result<ListenerReport, StartFailure>) -> Void
  }

  /// A listener that has its material and has not answered yet.
  private struct Candidate {
    let child: ListenerChild
    let order: Order
    /// The counts that it was started with.
    let capacity: Capacity
    let deadline: TimerQueue.Timer
    /// How many before it were killed.
    let losses: Int
  }

  /// Starts a process for a listener; tests have their own.
  typealias Launch = (ServingMaterial) throws(SystemError) -> LaunchedListener

  /// How long a listener may take over its material.
  static let readyLimit = Duration.seconds(30)
  /// How many listeners that are killed before they are ready, by whomever, are started anew at once.
  static let mostLosses = 2
  /// How long a replaced listener may go on with what it has open.
  static let replacedLimit = Duration.seconds(300)
  /// The most replaced listeners at a time: beyond, the oldest is ended.
  static let maximumDraining = 8
  /// How long the listener that leaves a socket goes on accepting: connections that were being made are made by then.
  static let leaveTime = Duration.milliseconds(500)
  /// How long a socket that was left is kept, for a reload that wants it back: longer than any listener has it, so that it
  /// need not be bound anew beside that one. A client whose SYN is ignored meanwhile tries again after one second and after
  /// three (RFC 6298), and is refused then.
  static let keepTime = Duration.seconds(2)

  private let reactor: Reactor
  private let log: SupervisorLog
  private weak var clientele: (any ListenerClientele)?
  private let launch: Launch
  private var candidate: Candidate?
  private var serving: ListenerChild?
  private var servingSince = ContinuousClock.now
  /// Every process that has not ended, whatever it is doing: it has to be waited for.
  private var children: [ListenerChild] = []
  private var material: ServingMaterial?
  private(set) var sockets: [ListeningSocket] = []
  private var leftSockets: [(socket: ListeningSocket, until: ContinuousClock.Instant)] = []
  private(set) var report: ListenerReport?
  /// How many were started in place of one that died.
  private(set) var restarts: UInt64 = 0
  private var restartDelay = RestartDelay()
  private var restartTimer: TimerQueue.Timer?
  private var stopped: (() -> Void)?
  /// Called when a listener that was started in place of one that died serves, or does not.
  var restarted: () -> Void = {}
  private var whenThereIsRoom: (() -> Void)?

  init(
    on reactor: Reactor, log: SupervisorLog, clientele: (any ListenerClientele)?,
    launch: @escaping Launch
  ) {
    self.reactor = reactor
    self.launch = launch
    self.log = log
    self.clientele = clientele
  }

  /// All sockets that are still bound, those that were just left among them.
  var boundSockets: [ListeningSocket] { sockets + leftSockets.map(\.socket) }

  /// Calls `answered` when the listener that serves has shown that it and its signer do their work; never, if there is none.
  func probe(_ answered: @escaping () -> Void) { serving?.probe(answered) }

  /// Whether a listener is about to be started or is starting: a reload has to wait.
  var isStarting: Bool { candidate != nil }

  /// The processes of the listener that serves.
  var processes: [(role: String, number: Int32)] {
    serving.map { [("listener", $0.number), ("signer", $0.signerNumber)] } ?? []
  }

  /// Calls `handler` as soon as one more listener can be replaced without ending an older one that is still busy; after `limit`
  /// in any case. An earlier handler that still waits is not called any more.
  func awaitRoom(limit: Duration, _ handler: @escaping () -> Void) {
    guard isCrowded else { return handler() }
    if whenThereIsRoom == nil { reactor.after(limit) { [weak self] in self?.thereIsRoom() } }
    whenThereIsRoom = handler
  }

  private var isCrowded: Bool { children.count { $0.phase == .draining } >= Self.maximumDraining }

  private func thereIsRoom() {
    let handler = whenThereIsRoom
    whenThereIsRoom = nil
    handler?()
  }

  /// Starts a listener with `material` on `sockets`. When it is ready, they take the place of what was; otherwise
  /// everything stays as it is.
  ///
  /// - Parameter settled: told once, in a later turn.
  func start(
    _ material: ServingMaterial, _ sockets: [ListeningSocket], checkOnly: Bool = false, presented: String? = nil,
    settled: @escaping (Result<ListenerReport, StartFailure>) -> Void
  ) throws(StartFailure) {
    try begin(
      Order(material: material, sockets: sockets, checkOnly: checkOnly, presented: presented, settled: settled),
      losses: 0)
  }

  private func begin(_ order: Order, losses: Int) throws(StartFailure) {
    do {
      let child = try launchChild(order.material)
      let deadline = reactor.after(Self.readyLimit) { [weak child] in
        child?.end("not ready after \(Self.readyLimit.inSeconds)")
      }
      let capacity = clientele?.capacity ?? Capacity(maxRunning: 0, maxQueued: 0, running: 0, queued: 0)
      candidate = Candidate(child: child, order: order, capacity: capacity, deadline: deadline, losses: losses)
      let (message, descriptors) = order.material.message(
        capacity, order.sockets, child, checkOnly: order.checkOnly, presented: order.presented)
      try child.send(message, descriptors: descriptors)
    } catch {
      candidate?.child.end(nil)
      candidate = nil
      throw StartFailure(EX_OSERR, "the listener cannot be started: \(error)")
    }
  }

  /// Tells every listener the counts.
  func push(_ capacity: Capacity) {
    for child in children where child.phase != .awaitingReady { try? child.send(.capacity(capacity)) }
  }

  /// Lets every listener finish, `limit` long, then calls `stopped`.
  func stop(limit: Duration, _ stopped: @escaping () -> Void) {
    self.stopped = stopped
    restartTimer?.cancel()
    for child in children where child !== serving { child.end(nil) }
    serving?.drain(limit: limit)
    finishStopping()
  }

  func listener(_ listener: ListenerChild, sent message: ListenerMessage) {
    switch message {
    case .ready(let report): becomeServing(listener, report)
    case .unusable(let reason): settle(listener, .failure(StartFailure(EX_CONFIG, reason)))
    case .request, .abandon, .admitted: clientele?.listener(listener, asks: message)
    case .alive: listener.isAlive()
    }
  }

  func listenerEnded(_ listener: ListenerChild, _ end: ProcessEnd) {
    clientele?.listenerIsGone(listener)
    children.removeAll { $0 === listener }
    let what = listener.breach.map { "was killed: \($0)" } ?? end.description
    if let candidate, candidate.child === listener {
      candidateEnded(candidate, end, what)
    } else if listener === serving {
      servingEnded(what, listener.number)
    } else if listener.breach != nil || (listener.phase == .draining && end != .exited(EXIT_SUCCESS)) {
      log.logger.warning("listener \(what)", metadata: ["pid": "\(listener.number)"])
    }
    if !isCrowded { thereIsRoom() }
    finishStopping()
  }

  // Its being killed says nothing of its material: the kernel lacked memory, say.
  private func candidateEnded(_ lost: Candidate, _ end: ProcessEnd, _ what: String) {
    if end == .exited(Build.otherBuildExit) { return settle(lost.child, .failure(.otherBuild(lost.child.program))) }
    let failure = StartFailure(EX_SOFTWARE, "the listener \(what) before it was ready")
    guard lost.child.breach == nil, end.isOfAnother, lost.losses < Self.mostLosses, stopped == nil else {
      return settle(lost.child, .failure(failure))
    }
    log.logger.warning("\(failure.message); starting another", metadata: ["pid": "\(lost.child.number)"])
    lost.deadline.cancel()
    candidate = nil
    do throws(StartFailure) { try begin(lost.order, losses: lost.losses + 1) } catch {
      finish(lost.order, .failure(error))
    }
  }

  private func launchChild(_ material: ServingMaterial) throws(SystemError) -> ListenerChild {
    let launched = try launch(material)
    do throws(SystemError) {
      let child = try ListenerChild(launched, on: reactor, events: self)
      children.append(child)
      return child
    } catch {
      launched.process.killAndWait()
      launched.signer.killAndWait()
      throw error
    }
  }

  private func becomeServing(_ listener: ListenerChild, _ report: ListenerReport) {
    guard let candidate, candidate.child === listener else { return }
    let replaced = serving
    let leaving = leave(candidate.order.sockets)
    (serving, servingSince) = (listener, .now)
    (material, sockets, self.report) = (candidate.order.material, candidate.order.sockets, report)
    listener.becomeServing()
    // What it was started with may have changed while it was not told: the end of jobs that an earlier agentd left, say.
    if let capacity = clientele?.capacity, capacity != candidate.capacity { try? listener.send(.capacity(capacity)) }
    retire(replaced, candidate.order.material.trust, acceptingFor: leaving ? Self.leaveTime : .zero)
    settle(listener, .success(report))
  }

  // Whether there are sockets that are not among those to come.
  private func leave(_ next: [ListeningSocket]) -> Bool {
    let endpoints = Set(next.map(\.endpoint))
    // Of all: one that was left may not be among those kept any more, if its time was over while the listener got ready.
    for socket in next { socket.takeNewConnections() }
    leftSockets.removeAll { endpoints.contains($0.socket.endpoint) }
    let left = sockets.filter { !endpoints.contains($0.endpoint) }
    if left.isEmpty { return false }
    let until = ContinuousClock.now + Self.keepTime
    leftSockets += left.map { ($0, until) }
    reactor.after(Self.keepTime) { [weak self] in self?.leftSockets.removeAll { $0.until <= until } }
    for socket in left {
      do throws(SystemError) { try socket.ignoreNewConnections() } catch {
        log.logger.debug("connections that arrive now may be reset: \(error)")
      }
    }
    return true
  }

  // Those who were replaced earlier learn as well who is trusted now.
  private func retire(_ replaced: ListenerChild?, _ trust: ClientTrust, acceptingFor: Duration) {
    for child in children where child === replaced || child.phase == .draining {
      child.drain(limit: Self.replacedLimit, trust: trust, acceptingFor: acceptingFor)
    }
    let draining = children.filter { $0.phase == .draining }
    if draining.count > Self.maximumDraining { draining[0].end("too many replaced listeners are still busy") }
  }

  // A listener that said `unusable` exits by itself; that it has ended changes nothing any more.
  private func settle(_ listener: ListenerChild, _ result: Result<ListenerReport, StartFailure>) {
    guard let candidate, candidate.child === listener else { return }
    candidate.deadline.cancel()
    self.candidate = nil
    finish(candidate.order, result)
  }

  private func finish(_ order: Order, _ result: Result<ListenerReport, StartFailure>) {
    order.settled(result)
    if serving == nil, restartTimer?.isPending != true, material != nil { startAgain(afterLife: .zero) }
  }

  private func servingEnded(_ what: String, _ number: pid_t) {
    serving = nil
    guard stopped == nil else { return }
    let delay = candidate == nil ? startAgain(afterLife: servingSince.duration(to: .now)) : .zero
    log.logger.error(
      "listener \(what); starting again in \(delay.inSeconds)", metadata: ["pid": "\(number)"])
  }

  @discardableResult
  private func startAgain(afterLife life: Duration) -> Duration {
    let delay = restartDelay.next(afterLife: life)
    guard stopped == nil else { return delay }
    restartTimer = reactor.after(delay) { [weak self] in self?.restart() }
    return delay
  }

  private func restart() {
    guard candidate == nil, serving == nil, let material else { return }
    restarts += 1
    do throws(StartFailure) {
      try start(material, sockets) { [weak self, log] result in
        switch result {
        case .success: log.logger.notice("listener serves again")
        case .failure(let failure): log.logger.error("listener does not start: \(failure)")
        }
        self?.restarted()
      }
    } catch {
      log.logger.error("\(error)")
      startAgain(afterLife: .zero)
    }
  }

  private func finishStopping() {
    guard let stopped, children.isEmpty else { return }
    self.stopped = nil
    stopped()
  }
}

extension StartFailure {
  fileprivate static func otherBuild(_ program: String) -> StartFailure {
    StartFailure(
      EX_OSFILE, "\(program): is of another build than this agentd (\(Build.identity))",
      hint: "install both from the same package, then start agentd again")
  }
}
