import AgentConfiguration
import AgentProtocol
import Values

/// What one client may do.
struct ClientRights {
  /// The table that rules; `nil` where there are none, and everybody may do the same.
  let table: ClientTable?

  /// Where the table is, for the audit log.
  var rule: String? { table.map { "agentd.toml:\($0.line)" } }

  /// Refuses what changes anything to a client that may only look.
  func checkChange() throws(Problem) {
    if table?.readOnly == true { throw Problem(.forbidden, "this client may only look at jobs") }
  }

  /// Refuses a job that is another client's to one that may see its own only.
  func checkSight(of job: JobStatus, by client: VerifiedClient) throws(Problem) {
    guard let owner = owner(client), !owner.owns(job) else { return }
    throw Problem(.forbidden, "job \(job.id) belongs to another client, whose jobs this client may not see")
  }

  /// Whose jobs `client` may see; `nil` for everybody's.
  func owner(_ client: VerifiedClient) -> JobOwner? {
    table?.jobs == .own ? JobOwner(client.identity) : nil
  }
}

/// Whose a job is: the subject's, so that a renewed certificate has the jobs of the one before. A certificate without a subject
/// has nothing but itself.
enum JobOwner: Hashable {
  case subject(String)
  case thumbprint(Thumbprint)

  init(_ client: ClientIdentity) {
    self = client.subject.isEmpty ? .thumbprint(client.thumbprint) : .subject(client.subject)
  }

  func owns(_ job: JobStatus) -> Bool { JobOwner(job.client) == self }
}
