import AgentProtocol
import SupervisorLink
import SystemCalls

/// A client's request in progress: it is answered once, or abandoned.
final class ClientRequest {
  /// The client that sent it.
  let client: VerifiedClient
  /// Whose jobs and shares the client's are. Hashed once, and asked for several times on the way of a request.
  let owner: JobOwner
  /// What the client may do; `nil` until that is determined, and for a client that no rule matches.
  var rights: ClientRights?
  /// The requested command.
  let command: JobCommand
  /// The inotify(7) instance of the requesting listener while the answer is awaited.
  ///
  /// A request may be kept for longer, but must not keep the descriptor of a listener that has ended.
  private(set) var inotify: FileDescriptor?
  private var reply: ((JobAnswer, [FileDescriptor]) -> Void)?
  /// Records what was decided, also if nobody waits for the answer any more.
  var audit: ((ClientRequest, JobAnswer) -> Void)?
  private var timer: TimerQueue.Timer?
  private var over: [() -> Void] = []

  init(
    _ command: JobCommand, from client: VerifiedClient, inotify: FileDescriptor,
    reply: @escaping (JobAnswer, [FileDescriptor]) -> Void
  ) {
    self.client = client
    owner = JobOwner(client.identity)
    self.command = command
    self.inotify = inotify
    self.reply = reply
  }

  /// Whether the answer is still awaited.
  var isOpen: Bool { reply != nil }

  /// Records and sends the answer; does nothing after the first time.
  func answer(_ answer: JobAnswer, descriptors: [FileDescriptor] = []) {
    let reply = reply
    let audit = audit
    self.audit = nil
    abandon()
    audit?(self, answer)
    reply?(answer, descriptors)
  }

  /// Drops the request: its answer is no longer awaited.
  func abandon() {
    reply = nil
    inotify = nil
    timer?.cancel()
    timer = nil
    let due = over
    over = []
    for handler in due { handler() }
  }

  /// Calls `handler` when the request is answered or abandoned.
  func whenOver(_ handler: @escaping () -> Void) { over.append(handler) }

  /// Keeps the timer that sends a final answer; any other answer cancels it.
  func answerLatest(by timer: TimerQueue.Timer) {
    self.timer = timer
  }
}

/// Requests that are neither answered nor abandoned.
final class OpenRequests {
  private var requests: [ObjectIdentifier: ClientRequest] = [:]

  /// The requests, in no order.
  var open: [ClientRequest] { Array(requests.values) }

  /// Adds a request, until it is over.
  func add(_ request: ClientRequest) {
    let key = ObjectIdentifier(request)
    requests[key] = request
    request.whenOver { [weak self] in self?.requests[key] = nil }
  }
}
