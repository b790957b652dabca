import AgentProtocol
import Glibc
import NIOCore
import SupervisorLink
import Synchronization
import SystemCalls

/// The supervisor at the other end of the link. Any thread may ask; the thread that reads the link hands in the answers.
final class LinkClient: SupervisorContact {
  private struct State {
    let link: FileDescriptor
    let outbox: FileDescriptor
    var writer: LinkWriter<ListenerMessage>
    var isOpen = true
    var next: UInt64 = 1
    var pending: [UInt64: (promise: EventLoopPromise<Answered>, client: ClientKey)] = [:]
    var shares: ClientShares<ClientKey>

    /// Forgets the request with that number; nobody waits for its answer any longer.
    mutating func remove(_ number: UInt64) -> EventLoopPromise<Answered>? {
      guard let (promise, client) = pending.removeValue(forKey: number) else { return nil }
      shares.giveBack(of: client)
      return promise
    }
  }

  private let state: Mutex<State>

  /// How long a write may block before the supervisor is considered gone, in milliseconds. All connections wait meanwhile.
  private static let patience: Int32 = 10_000

  /// Creates a client that writes to `outbox`, a pipe; answers arrive on the socket `link`.
  ///
  /// - Parameter maximumPending: the maximum number of requests in progress, over all clients; see `ClientShares` for one client's share.
  init(_ link: FileDescriptor, outbox: FileDescriptor, maximumPending: Int = 16384) throws(SystemError) {
    try outbox.setNonBlocking(true)
    state = Mutex(
      State(
        link: link, outbox: outbox, writer: LinkWriter(pipe: outbox), shares: ClientShares(total: maximumPending)))
  }

  func ask(_ command: JobCommand, for client: VerifiedClient, on loop: any EventLoop) -> Inquiry {
    let promise = loop.makePromise(of: Answered.self)
    let (number, problem) = state.withLock { state -> (UInt64, Problem?) in
      let number = state.next
      state.next += 1
      guard state.isOpen else { return (number, Self.ended) }
      let key = ClientKey(client)
      guard state.shares.take(for: key) else {
        let share = state.shares.share(of: key)
        return (
          number, Problem(.tooMuch, "this client has \(share) requests in progress; what is left is for other clients")
        )
      }
      state.pending[number] = (promise, key)
      guard Self.send(.request(number, client, command), &state) else {
        _ = state.remove(number)
        return (number, Self.ended)
      }
      return (number, nil)
    }
    if let problem { promise.fail(problem) }
    return Inquiry(number: number, answer: promise.futureResult)
  }

  func abandon(_ inquiry: Inquiry) {
    let promise = state.withLock { state in
      guard let promise = state.remove(inquiry.number) else {
        return nil as EventLoopPromise<Answered>?
      }
      _ = Self.send(.abandon(inquiry.number), &state)
      return promise
    }
    promise?.fail(Problem(.unavailable, "the request was abandoned"))
  }

  func report(_ message: ListenerMessage) -> Bool {
    state.withLock { Self.send(message, &$0) }
  }

  /// Delivers an answer from the link. Drops it, with its descriptors, if nobody waits for it any longer.
  func received(_ answer: JobAnswer, _ descriptors: [FileDescriptor], for number: UInt64) {
    let promise = state.withLock { $0.remove(number) }
    promise?.succeed(Answered(answer: answer, descriptors: descriptors))
  }

  /// Marks the link as ended: all pending requests fail.
  func ended() {
    let pending = state.withLock { state in
      defer { state.pending = [:] }
      state.isOpen = false
      return state.pending
    }
    for (promise, _) in pending.values { promise.fail(Self.ended) }
  }

  /// Closes the outbox; the supervisor sees the end of the link.
  func close() {
    state.withLock { state in
      state.isOpen = false
      state.outbox.close()
    }
  }

  private static let ended = Problem(.unavailable, "the agent is stopping or restarting")

  /// A failed write means that the link has ended. Shuts it down, so that the reading thread notices as well.
  private static func send(_ message: ListenerMessage, _ state: inout State) -> Bool {
    if state.isOpen, (try? state.writer.enqueue(message)) != nil, flush(&state) { return true }
    state.isOpen = false
    shutdown(state.link.raw, Int32(SHUT_RDWR))
    return false
  }

  private static func flush(_ state: inout State) -> Bool {
    while let isFinished = try? state.writer.flush() {
      if isFinished { return true }
      var ready = pollfd(fd: state.outbox.raw, events: Int16(POLLOUT), revents: 0)
      // A signal that interrupts poll(2) is one that ends the process.
      if poll(&ready, 1, patience) != 1 { return false }
    }
    return false
  }
}
