import AgentProtocol
import CertificateStore
import Glibc
import SupervisorLink
import SystemCalls
import Values

/// The events of a listener that its supervision handles.
protocol ListenerEvents: AnyObject {
  /// Handles a message that the contract allows in the listener's phase; `bytes` is its size.
  func listener(_ listener: ListenerChild, sent message: ListenerMessage, bytes: Int)
  /// Handles the end of the process and its signer; no event follows.
  func listenerEnded(_ listener: ListenerChild, _ end: ProcessEnd)
}

/// One listener process with its signer, and our end of its link. It is considered hostile: whatever it sends, it can at worst end itself.
final class ListenerChild {
  /// The phases in the life of a listener.
  enum Phase: CaseIterable {
    /// It has been given its material and has not replied yet.
    case awaitingReady
    /// It accepts connections.
    case serving
    /// It no longer accepts connections and finishes what is open.
    case draining
    /// It has to end, and what it still sends is ignored.
    case ending
  }

  /// The maximum number of bytes queued for a listener that does not read, in addition to the contents of the store.
  static let maximumQueuedBytes = 16 << 20
  /// The maximum number of bytes with contents of the store queued for it: the first, and those of reloads while it drains.
  private static let maximumQueuedStoreBytes = 3 * StoreLimits.bytesOnLink
  /// The maximum number of reads from one link per turn, 64 KiB each, so that others get their turn.
  private static let receivesATurn = 16

  /// The process ID, which identifies the listener in the log.
  var number: pid_t { process.processID }
  /// The process ID of its signer.
  var signerNumber: pid_t { signer.processID }
  /// The present phase.
  private(set) var phase = Phase.awaitingReady
  /// Why we ended it, if we did.
  private(set) var breach: String?
  /// The inotify(7) instance that it shares with us; only we add and remove watches.
  let inotify: FileDescriptor
  /// Its ends of its outbox and of the signing sockets, until they are handed over.
  ///
  /// We must not be the one to close what it sends itself through them, descriptors included.
  private var outbox: FileDescriptor?
  private var signing: [FileDescriptor]
  /// The executable that it was started from.
  let program: String

  private let process: ProcessHandle
  private let signer: ProcessHandle
  private let socket: FileDescriptor
  private let inbox: FileDescriptor
  private let reactor: Reactor
  private weak var events: (any ListenerEvents)?
  private var reader: LinkReader<ListenerMessage>
  private var writer: LinkWriter<SupervisorMessage>
  private var inboxWatch: Reactor.Watch?
  // Set while it does not read as fast as we write.
  private var roomWatch: Reactor.Watch?
  private var processWatch: Reactor.Watch?
  private var signerWatch: Reactor.Watch?
  private var processEnd: ProcessEnd?
  private var drainLimit: TimerQueue.Timer?
  private var probed: (() -> Void)?
  private var judgements: [([Thumbprint: String]) -> Void] = []

  /// Takes over processes that were just started. `events` is called from later turns on, never from within this call.
  init(_ launched: LaunchedListener, on reactor: Reactor, events: any ListenerEvents) throws(SystemError) {
    let (link, inbox) = (launched.link, launched.inbox)
    try link.setNonBlocking(true)
    try inbox.setNonBlocking(true)
    inotify = FileDescriptor(owning: try checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
    (process, signer) = (launched.process, launched.signer)
    (outbox, signing) = (launched.outbox, launched.signing)
    program = launched.program
    (socket, self.inbox) = (link, inbox)
    reader = LinkReader(pipe: inbox)
    writer = LinkWriter(link)
    self.reactor = reactor
    self.events = events
    inboxWatch = try reactor.watch(inbox, for: .readable) { [weak self] _ in self?.inboxReady() }
    processWatch = try reactor.watch(process.descriptor, for: .readable) { [weak self] _ in self?.processEnded() }
    signerWatch = try reactor.watch(signer.descriptor, for: .readable) { [weak self] _ in self?.signerEnded() }
  }

  /// Returns the descriptors to configure it with, in the order of the contract. Call it once.
  func takeDescriptors() -> (descriptors: [FileDescriptor], signing: Int) {
    defer { (outbox, signing) = (nil, []) }
    return ((outbox.map { [$0] } ?? []) + signing + [inotify], signing.count)
  }

  /// Sends a message, which is written as soon as the listener reads.
  ///
  /// `tooLarge` leaves the link unchanged; any other failure ends the listener.
  func send(_ message: SupervisorMessage, descriptors: [FileDescriptor] = []) throws(LinkError) {
    guard phase != .ending else { return }
    do throws(LinkError) {
      try writer.enqueue(message, descriptors: descriptors, holdsStore: message.holdsStore)
      try flush()
    } catch {
      if case .tooLarge = error { throw error }
      // The process will soon be found ended, and its exit status is a better explanation.
      if case .system(let error) = error, error.code == EPIPE || error.code == ECONNRESET { return linkEnded() }
      end("\(error)")
    }
  }

  /// Records that it sent `ready`.
  func becomeServing() {
    phase = .serving
  }

  /// Asks it to finish, and kills it if it has not finished within `limit`, counted from the first request.
  ///
  /// - Parameters:
  ///   - trust: who is admitted now: the connections of others are closed at once.
  ///   - acceptingFor: how long it continues to accept connections first.
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

  /// Asks it for a sign of life, and calls `answered` when it gives one. If an earlier probe is still unanswered, it stands for this one.
  func probe(_ answered: @escaping () -> Void) {
    let isAsked = probed != nil
    probed = answered
    if !isAsked { try? send(.probe) }
  }

  /// Asks it which of these clients it would refuse, and calls `answered` with the reasons, by thumbprint.
  func judge(_ clients: [AdmittedClient], _ answered: @escaping ([Thumbprint: String]) -> Void) {
    guard !clients.isEmpty, phase != .ending else { return }
    let asked = Set(clients.map(\.thumbprint))
    judgements.append { refusals in answered(refusals.filter { asked.contains($0.key) }) }
    do throws(LinkError) { try send(.judge(clients)) } catch {
      judgements.removeLast()
      // Too large for a frame: in two parts. A single client is always small enough.
      let half = clients.count / 2
      guard half > 0 else { return answered([:]) }
      judge(Array(clients[..<half])) { [weak self] first in
        guard let self else { return }
        judge(Array(clients[half...])) { answered(first.merging($0) { $1 }) }
      }
    }
  }

  /// Handles its answer to the oldest question.
  func judged(_ refusals: [Thumbprint: String]) {
    if judgements.isEmpty { return end("it broke the link's protocol: judged, which nobody had asked") }
    judgements.removeFirst()(refusals)
  }

  /// Handles its sign of life.
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
    closeLink()
    try? process.send(SIGKILL)
  }

  private func inboxReady() {
    do throws(LinkError) { try receive(atMost: Self.receivesATurn) } catch {
      end("it broke the link's protocol: \(error)")
    }
  }

  private func closeLink() {
    (inboxWatch, roomWatch) = (nil, nil)
  }

  private func flush() throws(LinkError) {
    let finished = try writer.flush()
    guard writer.queuedBytes <= Self.maximumQueuedBytes, writer.queuedStoreBytes <= Self.maximumQueuedStoreBytes else {
      return end("it does not read its answers: \(writer.queuedBytes + writer.queuedStoreBytes) bytes wait")
    }
    if finished { roomWatch = nil }
    guard !finished, roomWatch == nil, inboxWatch != nil else { return }
    do throws(SystemError) {
      // Also if it has ended: then the flush fails.
      roomWatch = try reactor.watch(socket, for: .writable) { [weak self] _ in self?.roomReady() }
    } catch {
      throw .system(error)
    }
  }

  private func roomReady() {
    do throws(LinkError) { try flush() } catch {
      if case .system(let error) = error, error.code == EPIPE || error.code == ECONNRESET { return linkEnded() }
      end("\(error)")
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
    while phase != .ending, let (message, _) = try reader.next() {
      guard message.isAllowed(in: phase) else { throw .undecodable("\(message.stem) while \(phase)") }
      events?.listener(self, sent: message, bytes: reader.lastPayload)
    }
  }

  // The process should exit right after its link; otherwise it is killed.
  private func linkEnded() {
    guard inboxWatch != nil else { return }
    closeLink()
    reactor.after(.seconds(1)) { [weak self] in self?.end("it closed its link and did not exit") }
  }

  private func processEnded() {
    processWatch = nil
    drainLimit?.cancel()
    // Its last messages, `unusable` above all, may still be on the link.
    if inboxWatch != nil { try? receive(atMost: .max) }
    closeLink()
    phase = .ending
    processEnd = ProcessEnd(reaping: process)
    // It has no listener to sign for any longer, and has most likely noticed.
    if signerWatch != nil { try? signer.send(SIGKILL) }
    reportEnd()
  }

  private func signerEnded() {
    signerWatch = nil
    let signerEnd = ProcessEnd(reaping: signer)
    // A listener without its signer is useless, because every handshake fails. One that is not ready yet notices that itself and reports
    // what is wrong with the key.
    if processWatch != nil, phase == .serving {
      let reason = "its signer \(signerEnd)"
      // A signer exits with 0 only when its listener has gone, whose own end is then the explanation.
      if signerEnd == .exited(EXIT_SUCCESS) {
        reactor.after(.seconds(1)) { [weak self] in self?.end(reason) }
      } else {
        end(reason)
      }
    }
    reportEnd()
  }

  // Once, when both have ended and been waited for.
  private func reportEnd() {
    guard let processEnd, signerWatch == nil else { return }
    events?.listenerEnded(self, processEnd)
  }
}

extension ListenerMessage {
  /// The name of the message, for logs.
  var stem: String {
    switch self {
    case .ready: "ready"
    case .unusable: "unusable"
    case .request: "request"
    case .abandon: "abandon"
    case .admitted: "admitted"
    case .alive: "alive"
    case .judged: "judged"
    }
  }

  /// Returns whether a listener in `phase` may send this message.
  func isAllowed(in phase: ListenerChild.Phase) -> Bool {
    switch self {
    case .ready, .unusable: phase == .awaitingReady
    case .request, .abandon, .admitted, .alive, .judged: phase == .serving || phase == .draining
    }
  }
}
