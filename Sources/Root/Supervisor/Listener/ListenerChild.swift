import AgentProtocol
import Glibc
import SupervisorLink
import SystemCalls

/// What a listener does, as its supervision hears of it.
protocol ListenerEvents: AnyObject {
  /// A message that the contract allows in the listener's phase.
  func listener(_ listener: ListenerChild, sent message: ListenerMessage)
  /// The process and its signer are gone; nothing follows.
  func listenerEnded(_ listener: ListenerChild, _ end: ProcessEnd)
}

/// One listener process with its signer, and our end of its link. It is taken for hostile: whatever it sends, the worst is its own end.
final class ListenerChild {
  /// Where a listener is in its life.
  enum Phase: CaseIterable {
    /// It has been given its material and has not answered yet.
    case awaitingReady
    /// It accepts connections.
    case serving
    /// It accepts none any more and finishes what is open.
    case draining
    /// It is to be gone, and whatever it still says is not heard.
    case ending
  }

  /// The most bytes that wait for a listener that does not read.
  static let maximumQueuedBytes = 16 << 20
  /// Reads from one link in one turn, 64 KiB each: others have their turn as well.
  private static let receivesATurn = 16

  /// Tells listeners apart in the log: the process number.
  var number: pid_t { process.processID }
  /// The process number of its signer.
  var signerNumber: pid_t { signer.processID }
  /// Where it is in its life.
  private(set) var phase = Phase.awaitingReady
  /// Why it was ended, where we ended it.
  private(set) var breach: String?
  /// The inotify(7) instance that it shares with us; the watches are ours to add and remove.
  let inotify: FileDescriptor
  /// Its ends of the signing sockets.
  let signing: [FileDescriptor]
  /// The executable that it was started from.
  let program: String

  private let process: ProcessHandle
  private let signer: ProcessHandle
  private let socket: FileDescriptor
  private let reactor: Reactor
  private weak var events: (any ListenerEvents)?
  private var reader: LinkReader<ListenerMessage>
  private var writer: LinkWriter<SupervisorMessage>
  private var linkWatch: Reactor.Watch?
  private var processWatch: Reactor.Watch?
  private var signerWatch: Reactor.Watch?
  private var processEnd: ProcessEnd?
  private var drainLimit: TimerQueue.Timer?
  private var probed: (() -> Void)?

  /// Takes over processes that were just started. `events` is told from later turns on, never from within this call.
  init(_ launched: LaunchedListener, on reactor: Reactor, events: any ListenerEvents) throws(SystemError) {
    let link = launched.link
    try link.setNonBlocking(true)
    inotify = FileDescriptor(owning: try checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
    (process, signer) = (launched.process, launched.signer)
    signing = launched.signing
    program = launched.program
    socket = link
    reader = LinkReader(link)
    writer = LinkWriter(link)
    self.reactor = reactor
    self.events = events
    linkWatch = try reactor.watch(link, for: .readable) { [weak self] ready in self?.linkReady(ready) }
    processWatch = try reactor.watch(process.descriptor, for: .readable) { [weak self] _ in self?.processEnded() }
    signerWatch = try reactor.watch(signer.descriptor, for: .readable) { [weak self] _ in self?.signerEnded() }
  }

  /// Sends a message; it is written as soon as the listener reads. `tooLarge` leaves the link as it was; any other failure
  /// ends the listener.
  func send(_ message: SupervisorMessage, descriptors: [FileDescriptor] = []) throws(LinkError) {
    guard phase != .ending else { return }
    do throws(LinkError) {
      try writer.enqueue(message, descriptors: descriptors)
      try flush()
    } catch {
      if case .tooLarge = error { throw error }
      // The process is about to be found ended; why, its exit status says better.
      if case .system(let error) = error, error.code == EPIPE || error.code == ECONNRESET { return linkEnded() }
      end("\(error)")
    }
  }

  /// Notes that it said `ready`.
  func becomeServing() {
    phase = .serving
  }

  /// Asks it to finish. It is killed if it has not by `limit`, counted from the first time.
  ///
  /// - Parameters:
  ///   - trust: who is let in by now: the connections of others are closed at once.
  ///   - acceptingFor: how long it goes on accepting first.
  func drain(limit: Duration, trust: ClientTrust? = nil, acceptingFor: Duration = .zero) {
    guard phase != .ending else { return }
    let isFirst = phase != .draining
    phase = .draining
    do throws(LinkError) { try send(.drain(trust, acceptingFor: acceptingFor / .seconds(1))) } catch {
      return end("it cannot be sent the trusted roots: \(error)")
    }
    guard isFirst else { return }
    drainLimit = reactor.after(limit) { [weak self] in
      self?.end("still busy \(limit.components.seconds) s after it was asked to finish")
    }
  }

  /// Asks it for a sign of life, and calls `answered` when it gives one; an earlier question that it has not answered yet is
  /// the same question.
  func probe(_ answered: @escaping () -> Void) {
    let isAsked = probed != nil
    probed = answered
    if !isAsked { try? send(.probe) }
  }

  /// Takes note of its sign of life.
  func isAlive() {
    guard let answered = probed else { return end("it broke the link's protocol: alive without a probe") }
    probed = nil
    answered()
  }

  /// Kills the process. `listenerEnded` follows.
  func end(_ why: String?) {
    guard phase != .ending else { return }
    phase = .ending
    breach = why
    linkWatch = nil
    try? process.send(SIGKILL)
  }

  private func linkReady(_ ready: Reactor.Interest) {
    do throws(LinkError) {
      if ready.contains(.writable) { try flush() }
      if ready.contains(.readable) { try receive(atMost: Self.receivesATurn) }
    } catch {
      end("it broke the link's protocol: \(error)")
    }
  }

  private func flush() throws(LinkError) {
    let finished = try writer.flush()
    guard writer.queuedBytes <= Self.maximumQueuedBytes else {
      return end("it does not read its answers: \(writer.queuedBytes) bytes wait")
    }
    do throws(SystemError) {
      try linkWatch?.change(to: finished ? .readable : [.readable, .writable])
    } catch {
      throw .system(error)
    }
  }

  private func receive(atMost count: Int) throws(LinkError) {
    for _ in 0..<count {
      switch try reader.receive() {
      case .received: try deliver()
      case .wouldBlock: return
      case .ended: return linkEnded()
      }
    }
  }

  private func deliver() throws(LinkError) {
    while phase != .ending, let (message, descriptors) = try reader.next() {
      guard descriptors.isEmpty else { throw .unannouncedDescriptors }
      guard message.isAllowed(in: phase) else { throw .undecodable("\(message.stem) while \(phase)") }
      events?.listener(self, sent: message)
    }
  }

  // The process follows its link at once, or is helped.
  private func linkEnded() {
    guard linkWatch != nil else { return }
    linkWatch = nil
    reactor.after(.seconds(1)) { [weak self] in self?.end("it closed its link and did not exit") }
  }

  private func processEnded() {
    processWatch = nil
    drainLimit?.cancel()
    // What it said last, `unusable` above all, may still be on the link.
    if linkWatch != nil { try? receive(atMost: .max) }
    linkWatch = nil
    phase = .ending
    processEnd = ProcessEnd(reaping: process)
    // It has nobody to sign for any more; most likely it knows.
    if signerWatch != nil { try? signer.send(SIGKILL) }
    reportEnd()
  }

  private func signerEnded() {
    signerWatch = nil
    let signerEnd = ProcessEnd(reaping: signer)
    // A listener without its signer is of no use: no handshake succeeds any more. One that is not ready yet finds out by
    // itself and says what is wrong with the key.
    if processWatch != nil, phase == .serving { end("its signer \(signerEnd)") }
    reportEnd()
  }

  // Once, when both are gone and waited for.
  private func reportEnd() {
    guard let processEnd, signerWatch == nil else { return }
    events?.listenerEnded(self, processEnd)
  }
}

extension ListenerMessage {
  /// The message's name, for logs.
  var stem: String {
    switch self {
    case .ready: "ready"
    case .unusable: "unusable"
    case .request: "request"
    case .abandon: "abandon"
    case .admitted: "admitted"
    case .alive: "alive"
    }
  }

  /// Whether a listener in `phase` may send this.
  func isAllowed(in phase: ListenerChild.Phase) -> Bool {
    switch self {
    case .ready, .unusable: phase == .awaitingReady
    case .request, .abandon, .admitted, .alive: phase == .serving || phase == .draining
    }
  }
}
