import AgentProtocol
import Values

/// A request from the listener to the supervisor on behalf of a client; one case per API request.
public enum JobCommand: Codable, Equatable, Sendable {
  /// Answered with `.permitted`: the listener itself knows what to show of the agent.
  case showAgent
  /// Answered with `.permitted` if the client may submit jobs at all; each job is checked separately.
  case permitSubmit
  /// Answered with `.job`, once the record is durable.
  case submitJob(JobID, JobRequest, trace: TraceContext? = nil)
  /// Answered with `.job`: at once or, with `wait` (in seconds, at most `JobStatus.maximumWait`), when the job has ended or the wait has
  /// timed out.
  case showJob(JobID, wait: Double)
  /// Answered with `.jobs`.
  case listJobs(JobFilter)
  /// Answered with `.output` and one descriptor.
  case openOutput(JobID, stream: OutputStream = .stdout, follow: Bool)
  /// Answered with `.job`: the state after the request, not at the end of the job.
  case cancelJob(JobID)
  /// Cancels all jobs of the client with this subject that the requesting client may see. Answered with `.cancelled`.
  case cancelJobs(of: String)
  /// Answered with `.deleted`.
  case deleteJob(JobID)
  /// Answered with `.metrics`.
  case showMetrics
  /// Says that there may be newer revocation lists. Answered with `.accepted`: agentd will look, and waits for nothing.
  case refresh
  /// Answered with `.events`: at once or, with `wait` (in seconds), when there is an event after that position or the wait has timed out.
  /// Without a position, answered with the current one.
  case nextEvents(after: EventPosition?, wait: Double)
}

/// The supervisor's answer to a `JobCommand`.
public enum JobAnswer: Codable, Equatable, Sendable {
  /// The client may see what it asked for.
  case permitted
  /// A job's status; `created` tells whether this request created the job. On the link it is `jobDocument`.
  case job(JobStatus, created: Bool)
  /// A job's status as JSON, which the listener passes on, and the id of the job if this request created it.
  case jobDocument(String, created: JobID?)
  /// A page of jobs.
  case jobs(JobPageDocument)
  /// The stream's file, read-only, is attached to this frame. With `follow`, `watch` is the inotify(7) watch descriptor whose events on the
  /// listener's inotify descriptor report that the file has grown.
  case output(JobStatus, watch: Int32?)
  /// The job was deleted.
  case deleted
  /// It will be done.
  case accepted
  /// The numbers of jobs that were cancelled or are being ended.
  case cancelled(CancelledJobs)
  /// The supervisor's counters.
  case metrics(HostFigures)
  /// The next events.
  case events(EventBatch)
  /// The request was refused or failed.
  case problem(Problem)
}

extension JobAnswer {
  /// The answer as it is sent over the link: with a status as JSON, so that it is written once, and never read on its way.
  public var onTheLink: JobAnswer {
    guard case .job(let status, let created) = self else { return self }
    return .jobDocument(status.json, created: created ? status.id : nil)
  }
}

/// A message from the supervisor to the listener.
public enum SupervisorMessage: Codable, Sendable {
  /// The first message. Its descriptors, in this order: the pipe for messages from the listener, the signing sockets, an inotify
  /// descriptor, and one listening socket for each of `addresses`.
  case configure(ListenerMaterial)
  /// The answer to the request with that number.
  case answer(UInt64, JobAnswer)
  /// The capacity or load has changed.
  case capacity(Capacity)
  /// Stop accepting after `acceptingFor` seconds, finish open requests, and exit. With `ClientTrust`, first close the connections of
  /// clients that it no longer admits. May be sent again with newer trust.
  case drain(ClientTrust?, acceptingFor: Double = 0)
  /// Answered with `.judged`: which of these clients would not be admitted now?
  case judge([AdmittedClient])
  /// Answered with `.alive` once every event loop and the signer have responded.
  case probe
}

extension SupervisorMessage {
  /// Whether it holds the contents of the store, which may be many times larger than anything else.
  public var holdsStore: Bool {
    switch self {
    case .configure, .drain: true
    case .answer, .capacity, .judge, .probe: false
    }
  }
}

/// A message from the listener to the supervisor.
public enum ListenerMessage: Codable, Sendable {
  /// The answer to `configure`: the material is valid, and the listener accepts connections.
  case ready(ListenerReport)
  /// The answer to `configure`: why the material cannot be used; the listener exits.
  case unusable(String)
  /// A client's request. The listener chooses the numbers and uses each once.
  case request(UInt64, VerifiedClient, JobCommand)
  /// Nobody waits for the answer with that number any longer.
  case abandon(UInt64)
  /// A client was admitted: sent the first time in a listener's life, then at most once an hour.
  case admitted(AdmittedClient)
  /// The answer to `judge`: why clients would not be admitted, by thumbprint; all others would be.
  case judged([Thumbprint: String])
  /// The answer to `probe`: event loops and signer work.
  case alive
}

/// Everything that a listener needs to serve: its complete configuration, which never changes.
public struct ListenerMaterial: Codable, Sendable {
  /// The name of the agent.
  public var agentName: String
  /// agentd's version.
  public var version: String
  /// The thumbprint of the certificate to serve.
  public var certificate: Thumbprint
  /// The certificates of the store, including the listener's own, and which clients to admit.
  public var trust: ClientTrust
  /// The addresses of the listening sockets, as shown in logs, for example `0.0.0.0:5773`.
  public var addresses: [String]
  /// The capacity and load at the start.
  public var capacity: Capacity
  /// The limits of the listener.
  public var limits: ListenerLimits
  /// Whether there are rules for clients, so that nothing is shown to a client before the supervisor has been asked.
  public var clientsAreRuled: Bool
  /// With `checkOnly`: the PEM chain of a client, whose identity and admission the report is to include.
  public var presented: String?
  /// Whether only to check the material: the listener answers and exits, and accepts no connection (`agentd -t`).
  public var checkOnly: Bool
  /// With `checkOnly`: whether the report is to list what will break. The record of clients may then be a third descriptor.
  public var forecast = false
  /// The number of descriptors, counted from the first, that lead to the signer.
  public var signingSockets = 1
  /// When agentd renews the certificate; `nil` if it does not.
  public var renewAt: Timestamp?

  public init(
    agentName: String, version: String, certificate: Thumbprint, trust: ClientTrust, addresses: [String],
    capacity: Capacity, limits: ListenerLimits = ListenerLimits(), clientsAreRuled: Bool = false, checkOnly: Bool
  ) {
    self.agentName = agentName
    self.version = version
    self.certificate = certificate
    self.trust = trust
    self.addresses = addresses
    self.capacity = capacity
    self.limits = limits
    self.clientsAreRuled = clientsAreRuled
    self.checkOnly = checkOnly
  }
}

/// The contents of the store that decide which clients are admitted.
public struct ClientTrust: Codable, Equatable, Sendable {
  /// Every certificate of the store that is not a root, in PEM: the intermediates that a chain may need.
  public var certificates: [String]
  /// The trusted roots, in PEM.
  public var roots: [String]
  /// The revocation lists, in PEM.
  public var revocationLists: [String]
  /// Whether an expired list admits its issuer's clients unless it names them. Otherwise they are refused.
  public var acceptsExpiredLists: Bool

  public init(certificates: [String], roots: [String], revocationLists: [String], acceptsExpiredLists: Bool = false) {
    self.certificates = certificates
    self.roots = roots
    self.revocationLists = revocationLists
    self.acceptsExpiredLists = acceptsExpiredLists
  }
}

/// What the listener found in its material; the supervisor, which parses no certificates, logs it.
public struct ListenerReport: Codable, Equatable, Sendable {
  /// The listener certificate's subject; RFC 4514.
  public var subject: String
  /// Its thumbprint.
  public var thumbprint: Thumbprint
  /// When it expires.
  public var notAfter: Timestamp
  /// The subjects of the trusted roots.
  public var roots: [String]
  /// What will break if nobody acts, earliest first; only if requested.
  public var breakages: [Breakage]?
  /// The result for the client in `presented` of the material.
  public var presented: PresentedClient?

  public init(subject: String, thumbprint: Thumbprint, notAfter: Timestamp, roots: [String]) {
    self.subject = subject
    self.thumbprint = thumbprint
    self.notAfter = notAfter
    self.roots = roots
  }
}

/// The gate's verdict on a client certificate; the supervisor, which parses no certificates, uses it to explain its rules.
public struct PresentedClient: Codable, Equatable, Sendable {
  /// The client.
  public var client: VerifiedClient
  /// Why the client is not admitted; `nil` if it is.
  public var refusal: String?

  public init(client: VerifiedClient, refusal: String?) {
    self.client = client
    self.refusal = refusal
  }
}
