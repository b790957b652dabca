import AgentProtocol
import Logging
import SupervisorLink
import SystemCalls
import Values

/// Carries requests from the listeners to the jobs and the answers back, and writes the audit log.
final class ListenerRequests: ListenerClientele {
  /// The most requests of one listener that wait for an answer.
  static let maximumOpen = 20_000
  /// The most bytes of a client's subject: it goes into the ledger and the log as the listener wrote it.
  private static let maximumSubject = 16384

  private let jobs: Jobs
  private let clients: RecordedClients
  private let log: SupervisorLog
  private var open: [ObjectIdentifier: [UInt64: ClientRequest]] = [:]

  init(_ jobs: Jobs, _ clients: RecordedClients, log: SupervisorLog) {
    self.jobs = jobs
    self.clients = clients
    self.log = log
  }

  var capacity: Capacity { jobs.capacity }

  /// How many requests wait for an answer.
  var openCount: Int { open.values.reduce(0) { $0 + $1.count } }

  func listener(_ listener: ListenerChild, asks message: ListenerMessage) {
    switch message {
    case .request(let number, let client, let command): take(number, client, command, listener)
    case .abandon(let number): open[ObjectIdentifier(listener)]?.removeValue(forKey: number)?.abandon()
    case .admitted(let client): clients.note(client)
    case .ready, .unusable, .alive: break
    }
  }

  func listenerIsGone(_ listener: ListenerChild) {
    for request in (open.removeValue(forKey: ObjectIdentifier(listener)) ?? [:]).values { request.abandon() }
    jobs.outputWatches.forget(listener.inotify)
  }

  private func take(_ number: UInt64, _ client: VerifiedClient, _ command: JobCommand, _ listener: ListenerChild) {
    let key = ObjectIdentifier(listener)
    guard open[key]?[number] == nil else {
      return listener.end("it broke the link's protocol: request \(number) was sent twice")
    }
    guard client.subject.utf8.count <= Self.maximumSubject else {
      return listener.end("it broke the link's protocol: an impossible client identity")
    }
    weak var asked: ClientRequest?
    let request = ClientRequest(command, from: client, inotify: listener.inotify) { [weak self, weak listener] in
      guard let self, let listener else { return }
      open[key]?[number] = nil
      if let asked { audit(asked, $0) }
      send($0, $1, of: number, to: listener)
    }
    asked = request
    guard open[key, default: [:]].count < Self.maximumOpen else {
      return request.answer(
        .problem(Problem(.unavailable, "\(Self.maximumOpen) requests are already waiting for an answer")))
    }
    open[key, default: [:]][number] = request
    jobs.handle(request)
  }

  private func send(
    _ answer: JobAnswer, _ descriptors: [FileDescriptor], of number: UInt64, to listener: ListenerChild
  ) {
    do throws(LinkError) {
      try listener.send(.answer(number, answer), descriptors: descriptors)
    } catch {
      // A page of jobs with the longest of commands: the one answer that can be too large for a frame.
      let problem = Problem(.badRequest, "the answer is too large; ask for fewer jobs at a time")
      try? listener.send(.answer(number, .problem(problem)))
    }
  }

  private func audit(_ request: ClientRequest, _ answer: JobAnswer) {
    let (client, command) = (request.client, request.command)
    let row = command.row
    var facts: Logger.Metadata = [
      "client": "\(client.subject)", "thumbprint": "\(client.thumbprint)", "answer": "\(answer.inAudit)",
    ]
    facts["job"] = command.job.map { "\($0)" }
    // No fact where there are no rules.
    let rule = if let rights = request.rights { rights.rule } else { "none" as String? }
    facts["rule"] = rule.map { "\($0)" }
    if case .submitJob(_, let job) = command {
      facts["program"] = "\(job.command.first ?? "")"
      facts["user"] = job.user.map { "\($0)" }
    }
    if case .job(let status, _) = answer { facts["user"] = "\(status.user)" }
    if case .problem(let problem) = answer { facts["detail"] = "\(problem.detail)" }
    log.audit(answer.isRefusal ? .notice : row.changes ? .info : .debug, row.stem, facts)
  }
}

extension JobAnswer {
  fileprivate var inAudit: String {
    switch self {
    case .job(let status, let created): created ? "created" : status.state.rawValue
    case .jobs(let page): "\(page.jobs.count) jobs"
    case .output: "opened"
    case .deleted: "deleted"
    case .permitted: "permitted"
    case .metrics: "metrics"
    case .events(let batch): "\(batch.changes.count) events"
    case .problem(let problem): problem.kind.rawValue
    }
  }

  fileprivate var isRefusal: Bool {
    if case .problem(let problem) = self { problem.kind != .notFound } else { false }
  }
}
