import AgentProtocol
import Logging
import SupervisorLink
import SystemCalls
import Values

/// Passes requests from the listeners to the jobs and the answers back, and writes the audit log.
final class ListenerRequests: ListenerClientele {
  /// The maximum number of unanswered requests of one listener: more than a listener sends that keeps its own limit.
  static let maximumOpen = 20_000
  /// The maximum size of a client's subject in bytes; it is written to the ledger and the log as the listener sent it.
  private static let maximumSubject = 16384
  static let maximumOpenBytes = 16 << 20
  /// The approximate memory for a request besides its own bytes.
  private static let bytesOfRequest = 512

  private let jobs: Jobs
  private let clients: RecordedClients
  private let log: SupervisorLog
  private var open: [ObjectIdentifier: OpenRequests] = [:]

  /// The unanswered requests of one listener.
  private struct OpenRequests {
    private(set) var requests: [UInt64: (request: ClientRequest, bytes: Int)] = [:]
    private(set) var bytes = 0
    private(set) var bytesOfOwners: [JobOwner: Int] = [:]

    mutating func add(_ number: UInt64, _ request: ClientRequest, _ bytes: Int) {
      requests[number] = (request, bytes)
      self.bytes += bytes
      bytesOfOwners[request.owner, default: 0] += bytes
    }

    mutating func remove(_ number: UInt64) -> ClientRequest? {
      guard let (request, bytes) = requests.removeValue(forKey: number) else { return nil }
      self.bytes -= bytes
      bytesOfOwners[request.owner, default: 0] -= bytes
      if bytesOfOwners[request.owner] == 0 { bytesOfOwners[request.owner] = nil }
      return request
    }
  }

  init(_ jobs: Jobs, _ clients: RecordedClients, log: SupervisorLog) {
    self.jobs = jobs
    self.clients = clients
    self.log = log
  }

  var capacity: Capacity { jobs.capacity }

  /// The number of unanswered requests.
  var openCount: Int { open.values.reduce(0) { $0 + $1.requests.count } }

  func listener(_ listener: ListenerChild, asks message: ListenerMessage, bytes: Int) {
    switch message {
    case .request(let number, let client, let command):
      take(number, client, command, listener, bytes + Self.bytesOfRequest)
    case .abandon(let number): open[ObjectIdentifier(listener)]?.remove(number)?.abandon()
    case .admitted(let client): clients.note(client)
    case .ready, .unusable, .alive, .judged: break
    }
  }

  func listenerIsGone(_ listener: ListenerChild) {
    let left = open.removeValue(forKey: ObjectIdentifier(listener))?.requests ?? [:]
    for (request, _) in left.values { request.abandon() }
    jobs.outputWatches.forget(listener.inotify)
  }

  private func take(
    _ number: UInt64, _ client: VerifiedClient, _ command: JobCommand, _ listener: ListenerChild, _ bytes: Int
  ) {
    let key = ObjectIdentifier(listener)
    guard open[key]?.requests[number] == nil else {
      return listener.end("it broke the link's protocol: request \(number) was sent twice")
    }
    guard client.subject.utf8.count <= Self.maximumSubject else {
      return listener.end("it broke the link's protocol: an impossible client identity")
    }
    let request = ClientRequest(command, from: client, inotify: listener.inotify) { [weak self, weak listener] in
      guard let self, let listener else { return }
      _ = open[key]?.remove(number)
      send($0, $1, of: number, to: listener)
    }
    request.audit = { [weak self] in self?.audit($0, $1) }
    if let problem = fullness(of: open[key, default: OpenRequests()], with: bytes, request.owner) {
      return request.answer(.problem(problem))
    }
    open[key, default: OpenRequests()].add(number, request, bytes)
    jobs.handle(request)
  }

  /// Returns why a request of this many bytes cannot be accepted; `nil` if it can.
  private func fullness(of open: OpenRequests, with bytes: Int, _ owner: JobOwner) -> Problem? {
    guard open.requests.count < Self.maximumOpen else {
      return Problem(.unavailable, "\(Self.maximumOpen) requests are already waiting for an answer")
    }
    // A single request is bounded by its frame.
    guard open.requests.isEmpty || open.bytes + bytes <= Self.maximumOpenBytes else {
      return Problem(.unavailable, "requests of \(open.bytes) bytes in all are already waiting for an answer")
    }
    // Half of the room is left to others.
    let own = open.bytesOfOwners[owner, default: 0]
    guard own == 0 || own + bytes <= Self.maximumOpenBytes / 2 else {
      return Problem(
        .tooMuch, "requests of \(own) bytes of this client are already waiting; what is left is for others")
    }
    return nil
  }

  private func send(
    _ answer: JobAnswer, _ descriptors: [FileDescriptor], of number: UInt64, to listener: ListenerChild
  ) {
    do throws(LinkError) {
      try listener.send(.answer(number, answer.onTheLink), descriptors: descriptors)
    } catch {
      // Only a page of jobs with very long commands can be too large for a frame.
      let problem = Problem(.badRequest, "the answer is too large; ask for fewer jobs at a time")
      try? listener.send(.answer(number, .problem(problem)))
    }
  }

  private func audit(_ request: ClientRequest, _ answer: JobAnswer) {
    let row = request.command.row
    log.audit(
      answer.isRefusal ? .notice : row.changes ? .info : .debug, row.stem, AuditFacts.of(request, answeredWith: answer))
  }
}
