import AgentProtocol
import Glibc
import NIOCore
import SupervisorLink
import Synchronization
import SystemCalls

/// The supervisor at the other end of the link. Asked from any thread; the answers are handed in by the one that reads.
final class LinkClient: SupervisorContact {
  private struct State {
    let link: FileDescriptor
    var writer: LinkWriter<ListenerMessage>
    var isOpen = true
    var next: UInt64 = 1
    var pending: [UInt64: EventLoopPromise<Answered>] = [:]
  }

  /// The most requests under way: more than there are connections, so that one client alone cannot use it up.
  static let maximumPending = 16384

  private let state: Mutex<State>

  /// Seconds after which a supervisor that takes no message is taken to be gone. All connections wait meanwhile.
  private static let patience = 10

  /// Writes to `link`, a blocking socket.
  init(_ link: FileDescriptor) {
    var time = timeval(tv_sec: Self.patience, tv_usec: 0)
    setsockopt(link.raw, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    state = Mutex(State(link: link, writer: LinkWriter(link)))
  }

  func ask(_ command: JobCommand, for client: VerifiedClient, on loop: any EventLoop) -> Inquiry {
    let promise = loop.makePromise(of: Answered.self)
    let (number, problem) = state.withLock { state -> (UInt64, Problem?) in
      let number = state.next
      state.next += 1
      guard state.isOpen else { return (number, Self.ended) }
      guard state.pending.count < Self.maximumPending else {
        return (number, Problem(.unavailable, "too many requests are in progress"))
      }
      guard Self.send(.request(number, client, command), &state) else { return (number, Self.ended) }
      state.pending[number] = promise
      return (number, nil)
    }
    if let problem { promise.fail(problem) }
    return Inquiry(number: number, answer: promise.futureResult)
  }

  func abandon(_ inquiry: Inquiry) {
    let promise = state.withLock { state in
      guard let promise = state.pending.removeValue(forKey: inquiry.number) else {
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

  /// Takes an answer off the link. One that nobody waits for any more is dropped, with its descriptors.
  func received(_ answer: JobAnswer, _ descriptors: [FileDescriptor], for number: UInt64) {
    let promise = state.withLock { $0.pending.removeValue(forKey: number) }
    promise?.succeed(Answered(answer: answer, descriptors: descriptors))
  }

  /// The link is over: nobody gets an answer any more.
  func ended() {
    let pending = state.withLock { state in
      defer { state.pending = [:] }
      state.isOpen = false
      return state.pending
    }
    for promise in pending.values { promise.fail(Self.ended) }
  }

  private static let ended = Problem(.unavailable, "the agent is stopping or restarting")

  /// A link that cannot be written to is at its end; it is shut down, so that the thread that reads sees it as well.
  private static func send(_ message: ListenerMessage, _ state: inout State) -> Bool {
    if (try? state.writer.enqueue(message)) != nil, (try? state.writer.flush()) == true { return true }
    state.isOpen = false
    shutdown(state.link.raw, Int32(SHUT_RDWR))
    return false
  }
}
