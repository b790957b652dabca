import AgentProtocol
import Values

/// What the listener asks of the supervisor on behalf of a client; one case an API request.
public enum JobCommand: Codable, Equatable, Sendable {
  /// Answered with `.permitted`: the listener itself knows what is to be shown of the agent.
  case showAgent
  /// Answered with `.job`, once the record is durable.
  case submitJob(JobID, JobRequest)
  /// Answered with `.job`: at once, or, with `wait` (at most `JobStatus.maximumWait`), when the job has ended or that many seconds
  /// are over.
  case showJob(JobID, wait: Double)
  /// Answered with `.jobs`.
  case listJobs(JobFilter)
  /// Answered with `.output` and one descriptor.
  case openOutput(JobID, stream: OutputStream = .stdout, follow: Bool)
  /// Answered with `.job`: the state after the request, not after the end.
  case cancelJob(JobID)
  /// Answered with `.deleted`.
  case deleteJob(JobID)
  /// Answered with `.metrics`.
  case showMetrics
  /// Answered with `.events`: at once, or, with `wait`, when there is something behind that place or so many seconds are over.
  /// Without a place, with the present one.
  case nextEvents(after: EventPosition?, wait: Double)
}

/// The supervisor's answer to a `JobCommand`.
public enum JobAnswer: Codable, Equatable, Sendable {
  /// The client may be shown what it asked for.
  case permitted
  /// A job's status; `created` is whether this request made it.
  case job(JobStatus, created: Bool)
  /// A page of jobs.
  case jobs(JobPage)
  /// The stream's file, read-only, comes with this frame. With `follow`, `watch` is the inotify(7) watch descriptor
  /// whose events on the listener's inotify descriptor say that the file has grown.
  case output(JobStatus, watch: Int32?)
  /// The job is forgotten.
  case deleted
  /// What the supervisor counts.
  case metrics(HostFigures)
  /// What has happened.
  case events(EventBatch)
  /// It was refused, or failed.
  case problem(Problem)
}

/// Every message from the supervisor to the listener.
public enum SupervisorMessage: Codable, Sendable {
  /// The first message. Its descriptors, in this order: the signing socket, an inotify descriptor, then one
  /// listening socket for each of `addresses`.
  case configure(ListenerMaterial)
  /// Answer to the request of that number.
  case answer(UInt64, JobAnswer)
  /// The counts have changed.
  case capacity(Capacity)
  /// Stop accepting, after `acceptingFor` seconds; finish what is open; exit. With `ClientTrust`, first close the connections
  /// of clients whom it lets in no more. May come again, with whom is trusted by then.
  case drain(ClientTrust?, acceptingFor: Double = 0)
  /// Answered with `.alive` once every event loop and the signer have shown that they are.
  case probe
}

/// Every message from the listener to the supervisor.
public enum ListenerMessage: Codable, Sendable {
  /// Answer to `configure`: the material is sound and connections are being accepted.
  case ready(ListenerReport)
  /// Answer to `configure`: why it cannot be used; the listener exits.
  case unusable(String)
  /// A client's request. Numbers are the listener's to choose, each used once.
  case request(UInt64, VerifiedClient, JobCommand)
  /// Nobody waits for the answer of that number any more.
  case abandon(UInt64)
  /// A client was let in: told the first time in a listener's life, then at most once an hour.
  case admitted(AdmittedClient)
  /// Answer to `probe`: event loops and signer do their work.
  case alive
}

/// All that a listener needs to serve: its whole configuration, fixed for its life.
public struct ListenerMaterial: Codable, Sendable {
  /// The name the agent answers under.
  public var agentName: String
  /// agentd's version.
  public var version: String
  /// Which certificate to serve.
  public var certificate: Thumbprint
  /// The certificates of the store, the listener's own among them, and who is let in.
  public var trust: ClientTrust
  /// The addresses of the listening sockets, as shown in logs, for example `0.0.0.0:5773`.
  public var addresses: [String]
  /// The counts at the start.
  public var capacity: Capacity
  /// What it takes on.
  public var limits: ListenerLimits
  /// Whether there are rules for clients, so that none is shown anything before the supervisor was asked.
  public var clientsAreRuled: Bool
  /// With `checkOnly`: the chain, PEM, of a client about which the report is to say who it is and whether it is let in.
  public var presented: String?
  /// Only check the material: answer and exit, accept no connection (`agentd -t`).
  public var checkOnly: Bool
  /// With `checkOnly`: say in the report what will break. Then the record of clients may come as a third descriptor.
  public var forecast = false
  /// How many of the descriptors, the first ones, lead to the signer.
  public var signingSockets = 1

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

/// The store's contents that decide which clients are let in.
public struct ClientTrust: Codable, Equatable, Sendable {
  /// Every certificate of the store that is no root, PEM: what a chain may need.
  public var certificates: [String]
  /// The trusted roots, PEM.
  public var roots: [String]
  /// The revocation lists, PEM.
  public var revocationLists: [String]
  /// Whether a list that is out of date lets its issuer's clients in, unless it names them. Otherwise they are refused.
  public var acceptsExpiredLists: Bool

  public init(certificates: [String], roots: [String], revocationLists: [String], acceptsExpiredLists: Bool = false) {
    self.certificates = certificates
    self.roots = roots
    self.revocationLists = revocationLists
    self.acceptsExpiredLists = acceptsExpiredLists
  }
}

/// What the listener found in its material; the supervisor, which reads no certificate, logs it.
public struct ListenerReport: Codable, Equatable, Sendable {
  /// The listener certificate's subject; RFC 4514.
  public var subject: String
  /// Its thumbprint.
  public var thumbprint: Thumbprint
  /// When it expires.
  public var notAfter: Timestamp
  /// The subjects of the trusted roots.
  public var roots: [String]
  /// What will break if nothing is done, the first thing first; only where it was asked for.
  public var breakages: [Breakage]?
  /// What was found about the client that was asked about.
  public var presented: PresentedClient?

  public init(subject: String, thumbprint: Thumbprint, notAfter: Timestamp, roots: [String]) {
    self.subject = subject
    self.thumbprint = thumbprint
    self.notAfter = notAfter
    self.roots = roots
  }
}

/// What the gate says about a client's certificate; the supervisor, which reads no certificate, explains its rules with it.
public struct PresentedClient: Codable, Equatable, Sendable {
  /// Who the client is.
  public var client: VerifiedClient
  /// Why it is not let in; `nil` if it is.
  public var refusal: String?

  public init(client: VerifiedClient, refusal: String?) {
    self.client = client
    self.refusal = refusal
  }
}
