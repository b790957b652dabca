import AgentConfiguration
import AgentProtocol
import Glibc
import JobLaunch

/// Who may do what, and run what as whom. Everything that lets a job run, or shows one, asks here.
///
/// Without tables `[[client]]`, any client that the listener let in may run jobs as any user but root, and see all jobs. Where
/// agentd is not root, jobs run as its own user only, whatever a table says.
struct JobPolicy {
  /// The user of a job that names none, when started as root.
  var defaultUser: String
  /// Whether this process is root.
  let isRoot: Bool
  /// The name of this process's own user.
  let ownUser: String
  /// The tables, in their order.
  var clients: [ClientTable] = [] {
    didSet { ruling = [:] }
  }
  /// Which table rules whom, as found so far.
  private var ruling: [VerifiedClient: Int?] = [:]
  private static let mostRemembered = 1024

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

  /// What a client may do, by the first table that is for it.
  ///
  /// - Throws: `Problem` of kind `.forbidden` if there are tables and none is.
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

  private mutating func indexOfTable(for client: VerifiedClient) -> Int? {
    if let known = ruling[client] { return known }
    let index = clients.firstIndex { $0.certificate.matches(client) }
    if ruling.count >= Self.mostRemembered { ruling = [:] }
    ruling[client] = .some(index)
    return index
  }

  /// The user that a job will run as.
  ///
  /// - Throws: `Problem` of kind `.forbidden`: the first condition that does not hold.
  func user(for job: JobRequest, _ rights: ClientRights) throws(Problem) -> String {
    let judgement = judge(job, rights)
    if let problem = judgement.problem { throw problem }
    return judgement.user
  }

  /// The pool that a job runs in; `nil` for none.
  ///
  /// - Throws: `Problem` of kind `.badRequest` for one that is not there.
  func pool(for job: JobRequest, _ rights: ClientRights, of pools: [String: Int]) throws(Problem) -> String? {
    guard let pool = rights.table?.pool ?? job.pool else { return nil }
    if pools[pool] == nil { throw Problem(.badRequest, "pool: this agent has no pool \(pool)") }
    return pool
  }

  /// Who the job runs as, in numbers, at the moment of its start. That it was allowed when it was submitted does not help a user
  /// whose name has become root's since.
  func account(_ user: String, group: String?) throws(LaunchRefusal) -> Account {
    let account = try Account.resolve(isRoot ? user : nil, group: group)
    if isRoot {
      let problem = isRootAllowedToSomebody(as: user) ? nil : Self.problem(ofUser: user)
      if let problem = problem ?? Self.problem(ofGroup: group, of: user) { throw LaunchRefusal(problem) }
    }
    return account
  }

  private func isRootAllowedToSomebody(as user: String) -> Bool {
    clients.contains { $0.allowRoot && ($0.users?.contains(user) ?? true) }
  }

  // A user or group that does not exist is no matter of policy: the job cannot be started.
  static func problem(ofUser user: String) -> String? {
    (try? Account.resolve(user))?.isRoot == true ? "jobs are not run as root" : nil
  }

  static func problem(ofGroup group: String?, of user: String) -> String? {
    guard let group, let own = try? Account.resolve(user), let asked = try? Account.resolve(user, group: group) else {
      return nil
    }
    if asked.group == own.group || own.groups.contains(asked.group) { return nil }
    return "user \(user) is not a member of group \(group)"
  }
}
