import AgentProtocol
import Glibc
import Logging
import SupervisorLink
import SystemCalls
import Values

/// Handles the requests of listeners.
protocol ListenerClientele: AnyObject {
  /// Handles a message about a client: `.request`, `.abandon` or `.admitted`; `bytes` is its size.
  func listener(_ listener: ListenerChild, asks message: ListenerMessage, bytes: Int)
  /// Handles the end of a listener: no one waits for its answers any longer.
  func listenerIsGone(_ listener: ListenerChild)
  /// The initial counts.
  var capacity: Capacity { get }
}

/// Keeps one listener serving: starts it, restarts it when it dies, replaces it on a reload, ends it.
///
/// A replacement serves before the old one stops accepting, and the listening sockets stay open here, so that no connection is ever
/// refused.
final class ListenerSupervision: ListenerEvents {
  /// The purpose of a listener that is started.
  private struct Order {
    let material: ServingMaterial
    let sockets: [ListeningSocket]
    let checkOnly: Bool
    let presented: String?
    let settled: (Result<ListenerReport, StartFailure>) -> Void
  }

  /// A listener that has its material and has not replied yet.
  private struct Candidate {
    let child: ListenerChild
    let order: Order
    /// The counts that it was started with.
    let capacity: Capacity
    let deadline: TimerQueue.Timer
    /// How many before it were killed.
    let losses: Int
  }

  /// Starts the processes of a listener; tests supply their own.
  typealias Launch = (ServingMaterial) throws(SystemError) -> LaunchedListener

  /// How long a listener may take to become ready.
  static let readyLimit = Duration.seconds(30)
  /// How many listeners that someone else kills before they are ready are replaced at once.
  static let mostLosses = 2
  /// How long a replaced listener may continue with what it has open.
  static let replacedLimit = Duration.seconds(300)
  /// The maximum number of replaced listeners; beyond it, the oldest is ended.
  static let maximumDraining = 8
  /// How long a listener continues to accept on a socket that it leaves: connections that were being established are complete by then.
  static let leaveTime = Duration.milliseconds(500)
  /// How long a socket that was left is kept, for a reload that wants it back.
  ///
  /// This is longer than any listener holds it, so that it need not be bound again beside that listener. A client whose SYN is ignored
  /// meanwhile retries after one second and after three (RFC 6298), and is refused then.
  static let keepTime = Duration.seconds(2)

  /// The number of clients per question: even with the longest chains they fit into a frame.
  private static let judgedAtATime = 64

  private let reactor: Reactor
  private let log: SupervisorLog
  private weak var clientele: (any ListenerClientele)?
  private let launch: Launch
  private var candidate: Candidate?
  private var serving: ListenerChild?
  private var servingSince = ContinuousClock.now
  /// Every process that has not ended, in whatever phase: it has to be waited for.
  private var children: [ListenerChild] = []
  private var material: ServingMaterial?
  private(set) var sockets: [ListeningSocket] = []
  private var leftSockets: [(socket: ListeningSocket, until: ContinuousClock.Instant)] = []
  private(set) var report: ListenerReport?
  /// How many listeners were started in place of one that died.
  private(set) var restarts: UInt64 = 0
  private var restartDelay = RestartDelay()
  private var restartTimer: TimerQueue.Timer?
  private var stopped: (() -> Void)?
  /// Called when a listener started in place of one that died serves, or fails to.
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

  /// All sockets that are still bound, including those that were just left.
  var boundSockets: [ListeningSocket] { sockets + leftSockets.map(\.socket) }

  /// Calls `answered` when the serving listener has shown that it and its signer work; never, if there is no listener.
  func probe(_ answered: @escaping () -> Void) { serving?.probe(answered) }

  /// Has the serving listener judge clients that are not connected, in batches; `answered` receives the reasons for those it would refuse.
  ///
  /// - Parameter finished: called when all have been answered; never if the listener ends before.
  func judge(
    _ clients: [AdmittedClient], _ answered: @escaping ([Thumbprint: String]) -> Void, finished: @escaping () -> Void
  ) {
    if clients.isEmpty { return finished() }
    let rest = Array(clients.dropFirst(Self.judgedAtATime))
    serving?.judge(Array(clients.prefix(Self.judgedAtATime))) { [weak self] refusals in
      answered(refusals)
      self?.judge(rest, answered, finished: finished)
    }
  }

  /// Whether a listener is starting, for which a reload has to wait.
  var isStarting: Bool { candidate != nil }

  /// The processes of the serving listener.
  var processes: [(role: String, number: Int32)] {
    serving.map { [("listener", $0.number), ("signer", $0.signerNumber)] } ?? []
  }

  /// Calls `handler` as soon as another listener can be replaced, and after `limit` in any case.
  ///
  /// There must be room for it without ending an older one that is still busy. An earlier handler that still waits is dropped.
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

  /// Starts a listener with `material` on `sockets`. When it is ready, they replace the present ones; otherwise nothing changes.
  ///
  /// - Parameter settled: called once, in a later turn.
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

  /// Sends every listener the counts.
  func push(_ capacity: Capacity) {
    for child in children where child.phase != .awaitingReady { try? child.send(.capacity(capacity)) }
  }

  /// Lets every listener finish within `limit`, then calls `stopped`.
  func stop(limit: Duration, _ stopped: @escaping () -> Void) {
    self.stopped = stopped
    restartTimer?.cancel()
    for child in children where child !== serving { child.end(nil) }
    serving?.drain(limit: limit)
    finishStopping()
  }

  func listener(_ listener: ListenerChild, sent message: ListenerMessage, bytes: Int) {
    switch message {
    case .ready(let report): becomeServing(listener, report)
    case .unusable(let reason): settle(listener, .failure(StartFailure(EX_CONFIG, reason)))
    case .request, .abandon, .admitted: clientele?.listener(listener, asks: message, bytes: bytes)
    case .alive: listener.isAlive()
    case .judged(let refusals): listener.judged(refusals)
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
      log.logger.warning("listener \(what)", metadata: ["pid": .stringConvertible(listener.number)])
    }
    if !isCrowded { thereIsRoom() }
    finishStopping()
  }

  // That it was killed says nothing about its material: the kernel may have lacked memory.
  private func candidateEnded(_ lost: Candidate, _ end: ProcessEnd, _ what: String) {
    if end == .exited(Build.otherBuildExit) { return settle(lost.child, .failure(.otherBuild(lost.child.program))) }
    let failure = StartFailure(EX_SOFTWARE, "the listener \(what) before it was ready")
    guard lost.child.breach == nil, end.isOfAnother, lost.losses < Self.mostLosses, stopped == nil else {
      return settle(lost.child, .failure(failure))
    }
    log.logger.warning("\(failure.message); starting another", metadata: ["pid": .stringConvertible(lost.child.number)])
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
    // The counts may have changed while it was not told, for example by the end of jobs that an earlier agentd left.
    if let capacity = clientele?.capacity, capacity != candidate.capacity { try? listener.send(.capacity(capacity)) }
    retire(replaced, candidate.order.material.trust, acceptingFor: leaving ? Self.leaveTime : .zero)
    settle(listener, .success(report))
  }

  // Returns whether there are sockets that are not in `next`.
  private func leave(_ next: [ListeningSocket]) -> Bool {
    let endpoints = Set(next.map(\.endpoint))
    // All of them: one that was left may no longer be in `leftSockets`, if it expired while the listener became ready.
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

  // Listeners that were replaced earlier are also told who is trusted now.
  private func retire(_ replaced: ListenerChild?, _ trust: ClientTrust, acceptingFor: Duration) {
    for child in children where child === replaced || child.phase == .draining {
      child.drain(limit: Self.replacedLimit, trust: trust, acceptingFor: acceptingFor)
    }
    let draining = children.filter { $0.phase == .draining }
    if draining.count > Self.maximumDraining { draining[0].end("too many replaced listeners are still busy") }
  }

  // A listener that sent `unusable` exits on its own; its end changes nothing then.
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
      "listener \(what); starting again in \(delay.inSeconds)", metadata: ["pid": .stringConvertible(number)])
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
