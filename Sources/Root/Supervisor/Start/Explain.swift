import AgentConfiguration
import AgentProtocol
import Glibc
import JobLaunch
import SupervisorLink
import SystemCalls
import Values

/// `agentd -t --as CLIENT`: explains what a decision would be, by which rule, and why. Nothing is run, and the ledger is not read.
enum Explain {
  /// - Returns: `EX_OK` if the job would be accepted, otherwise `EX_NOPERM`; the reasons are on standard output.
  static func run(_ options: StartOptions, _ question: PolicyQuestion) throws(StartFailure) -> Int32 {
    let configuration = try options.configuration()
    let presented = try presented(options, question)
    var policy = JobPolicy.ofThisProcess(
      defaultUser: configuration.jobs.defaultUser, clients: configuration.clients)
    if policy.isRoot {
      // A user that does not exist yet is reserved from no job; the check without --as says that it is missing.
      policy.reserved = ReservedAccounts(
        RoleAccounts.names(configuration.process).compactMap { LookUp(user: $0).answer().account }
          .map { RoleOrder.Account(user: $0.user, group: $0.group) })
    }
    let explanation = Explanation(of: try job(question), by: presented, configuration, policy)
    for line in explanation.lines { print(line) }
    return explanation.isAllowed ? EX_OK : EX_NOPERM
  }

  private static func job(_ question: PolicyQuestion) throws(StartFailure) -> JobRequest {
    guard !question.command.isEmpty else {
      throw StartFailure(EX_USAGE, "--as: no command is given", hint: "give it after --, as in: -- /usr/bin/sort -u")
    }
    var job = JobRequest(command: question.command)
    (job.user, job.group, job.pool) = (question.user, question.group, question.pool)
    return job
  }

  /// Returns the client that the words describe. A file is read by a listener started for this: this process reads no certificates.
  private static func presented(
    _ options: StartOptions, _ question: PolicyQuestion
  ) throws(StartFailure) -> PresentedClient {
    if question.clients.count == 1, case let file = question.clients[0], isFile(file) {
      return try read(file, options)
    }
    var (subject, thumbprint, names): (String?, Thumbprint?, [ClientName]) = (nil, nil, [])
    for word in question.clients {
      switch ClientPattern.read(word) {
      case .success(.thumbprint(let known)): thumbprint = known
      case .success(.subject(_, let text)): subject = text
      case .success(.name(let name)): names.append(name)
      case .success(.any): throw StartFailure(EX_USAGE, "--as: \"*\" stands for any client; name one client")
      case .failure(let fault):
        throw StartFailure(EX_USAGE, "--as: \(word.debugDescription) is not a file, and \(fault.text)")
      }
    }
    let identity = ClientIdentity(subject: subject ?? "", thumbprint: thumbprint ?? .unknown)
    return PresentedClient(client: VerifiedClient(identity, names: names), refusal: nil)
  }

  private static func isFile(_ word: String) -> Bool {
    var status = stat()
    return stat(word, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  private static func read(_ file: String, _ options: StartOptions) throws(StartFailure) -> PresentedClient {
    let bytes = try required(orExit: EX_NOINPUT) { () throws(SystemError) in
      try DurableFile.read(file, limit: 256 << 10)
    }
    let pem = certificates(in: bytes)
    if pem.isEmpty { throw StartFailure(EX_DATAERR, "\(file): holds no certificate in PEM form") }
    let report = try Check.ask(try ServingMaterial.load(options), presented: pem).get()
    guard let presented = report.presented else {
      throw StartFailure(EX_SOFTWARE, "the listener did not say who the client is")
    }
    return presented
  }

  /// Returns only the certificates of a PEM file: a private key in it must not be passed on.
  private static func certificates(in bytes: [UInt8]) -> String {
    var (inside, kept) = (false, "")
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      if line == "-----BEGIN CERTIFICATE-----" { inside = true }
      if inside { kept += "\(line)\n" }
      if line == "-----END CERTIFICATE-----" { inside = false }
    }
    return kept
  }
}

/// A decision with all its reasons.
struct Explanation {
  private(set) var lines: [String] = []
  private(set) var isAllowed = false

  init(of job: JobRequest, by presented: PresentedClient, _ configuration: AgentConfiguration, _ policy: JobPolicy) {
    var policy = policy
    let file = configuration.file ?? "agentd.toml"
    describe(presented.client)
    if let refusal = presented.refusal {
      conclude("the client is not let in: \(refusal)")
      return
    }
    if policy.clients.isEmpty {
      lines.append("no [[client]] table: every client that is let in may run jobs as any user but root")
    }
    do throws(Problem) {
      let rights: ClientRights
      do throws(Problem) { rights = try policy.rights(of: presented.client) } catch {
        describeTables(policy.clients, presented.client, file, until: nil)
        throw error
      }
      describeTables(policy.clients, presented.client, file, until: rights.table)
      let judgement = policy.judge(job, rights, policy.question(job, rights).answer())
      lines += judgement.conditions.map { "  \($0.refusal == nil ? "yes" : "NO "): \($0.text)" }
      if let problem = judgement.problem { throw problem }
      let pool = try policy.pool(for: job, rights, of: configuration.jobs.pools)
      conclude(user: judgement.user, group: job.group, pool: pool)
    } catch {
      conclude(error.detail)
    }
  }

  private mutating func describe(_ client: VerifiedClient) {
    lines.append("client: subject \(client.subject.isEmpty ? "unknown" : client.subject)")
    lines.append("client: sha256 \(client.thumbprint == .unknown ? "unknown" : "\(client.thumbprint)")")
    for name in client.names ?? [] { lines.append("client: \(name)") }
  }

  private mutating func describeTables(
    _ tables: [ClientTable], _ client: VerifiedClient, _ file: String, until last: ClientTable?
  ) {
    for table in tables {
      lines.append(
        "\(file):\(table.line): certificate \"\(table.certificate)\" "
          + (table == last ? "matches this client: this table applies" : "does not match this client"))
      if table == last { return }
    }
  }

  private mutating func conclude(_ refusal: String) { lines.append("refused: \(refusal)") }

  private mutating func conclude(user: String, group: String?, pool: String?) {
    // Policy does not cover what the host does not know, but it is better to learn it now than at the start.
    if let refusal = Self.fault(user, group) { return conclude("\(refusal); the job could not be started") }
    isAllowed = true
    lines.append("allowed: the job would run as \(user)" + (pool.map { ", in pool \($0)" } ?? ""))
  }

  private static func fault(_ user: String, _ group: String?) -> String? {
    do throws(LaunchRefusal) {
      _ = try Account.resolve(geteuid() == 0 ? user : nil, group: group)
      return nil
    } catch { return error.description }
  }
}
