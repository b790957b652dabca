import AgentConfiguration
import AgentProtocol
import Glibc
import JobLaunch
import Wording

/// The policy of who may do what, and run what as whom. Everything that starts or shows a job asks here.
///
/// Without `[[client]]` tables, any admitted client may run jobs as any user except root, and see all jobs. If agentd is not root, jobs run
/// only as its own user, whatever a table says.
struct JobPolicy {
  /// The user of a job that names none, if agentd runs as root.
  var defaultUser: String
  /// Whether this process runs as root.
  let isRoot: Bool
  /// The name of the user of this process.
  let ownUser: String
  /// Whether jobs may leave processes running.
  var mayLeaveProcesses = true
  /// The accounts of agentd itself, as which no jobs run.
  var reserved = ReservedAccounts()
  /// The tables, in order.
  var clients: [ClientTable] = [] {
    didSet { forgetRuling() }
  }
  /// A cache of which table applies to whom, bounded because a compromised listener can make up any number of clients.
  private var ruling: [VerifiedClient: Int?] = [:]
  private var rulingBytes = 0
  private static let mostRemembered = 1024
  private static let mostBytesRemembered = 1 << 20

  init(defaultUser: String, isRoot: Bool, ownUser: String, clients: [ClientTable] = []) {
    self.defaultUser = defaultUser
    self.isRoot = isRoot
    self.ownUser = ownUser
    self.clients = clients
  }

  /// The policy of this process.
  static func ofThisProcess(defaultUser: String, clients: [ClientTable] = []) -> JobPolicy {
    let ownUser = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(geteuid())"
    return JobPolicy(defaultUser: defaultUser, isRoot: geteuid() == 0, ownUser: ownUser, clients: clients)
  }

  /// Returns what a client may do, by the first table that matches it.
  ///
  /// - Throws: `Problem` of kind `.forbidden` if there are tables and none matches.
  mutating func rights(of client: VerifiedClient) throws(Problem) -> ClientRights {
    if clients.isEmpty { return ClientRights(table: nil) }
    guard client.names != nil else {
      throw Problem(.forbidden, "this client's certificate has too many alternative names")
    }
    guard let index = indexOfTable(for: client) else {
      throw Problem(.forbidden, "no rule of this agent matches this client")
    }
    return ClientRights(table: clients[index])
  }

  /// Whether any table matches clients by an alternative name.
  var asksForNames: Bool { clients.contains { if case .name = $0.certificate { true } else { false } } }

  private mutating func indexOfTable(for client: VerifiedClient) -> Int? {
    if let known = ruling[client] { return known }
    let index = clients.firstIndex { $0.certificate.matches(client) }
    if ruling.count >= Self.mostRemembered || rulingBytes >= Self.mostBytesRemembered { forgetRuling() }
    ruling[client] = .some(index)
    rulingBytes += client.bytes
    return index
  }

  private mutating func forgetRuling() { (ruling, rulingBytes) = ([:], 0) }

  /// Returns the user that a job will run as.
  ///
  /// - Parameter found: the answer to `question(_:_:)`; `nil` leaves out what depends on it.
  /// - Throws: `Problem` for the first condition that does not hold.
  func user(for job: JobRequest, _ rights: ClientRights, _ found: Found? = nil) throws(Problem) -> String {
    let judgement = judge(job, rights, found)
    if let problem = judgement.problem { throw problem }
    return judgement.user
  }

  /// Returns what to look up to judge a job.
  func question(_ job: JobRequest, _ rights: ClientRights) -> LookUp {
    LookUp(
      user: isRoot ? judge(job, rights).user : nil, group: job.group,
      program: rights.table?.commands == nil ? nil : job.command.first)
  }

  /// Returns the pool that a job runs in; `nil` for none.
  ///
  /// - Throws: `Problem` of kind `.badRequest` if the pool does not exist.
  func pool(for job: JobRequest, _ rights: ClientRights, of pools: [String: Int]) throws(Problem) -> String? {
    guard let pool = rights.table?.pool ?? job.pool else { return nil }
    if pools[pool] == nil { throw Problem(.badRequest, "pool: this agent has no pool \(pool)") }
    return pool
  }

  /// Returns why no job may run as this account, whatever a table says, except that a table can allow root.
  ///
  /// That it was allowed when the job was submitted is not enough: the name may have become root's since.
  func problem(of account: Account, user: String) -> String? {
    guard isRoot else { return nil }
    if account.isRoot, !isRootAllowedToSomebody(as: user) { return Self.rootIsRefused }
    return reserved.problem(of: account) ?? Self.problem(ofGroupOf: account)
  }

  private func isRootAllowedToSomebody(as user: String) -> Bool {
    clients.contains { $0.allowRoot && ($0.users?.containsSame(as: user) ?? true) }
  }

  static let rootIsRefused =
    "jobs are not run as root, unless the client's [[client]] table in agentd.toml has allow_root = true"

  static func problem(ofGroupOf account: Account) -> String? {
    account.isMemberOfGroup ? nil : "user \(account.name) is not a member of group \(account.group)"
  }
}
