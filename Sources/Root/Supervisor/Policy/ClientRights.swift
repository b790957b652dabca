import AgentConfiguration
import AgentProtocol
import Values

/// What one client may do.
struct ClientRights {
  /// The table that applies; `nil` if there are no tables, and all clients have the same rights.
  let table: ClientTable?

  /// The location of the table, for the audit log.
  var rule: String? { table.map { "agentd.toml:\($0.line)" } }

  /// Refuses changes by a client that has read-only access.
  func checkChange() throws(Problem) {
    if table?.readOnly == true { throw Problem(.forbidden, "this client may only look at jobs") }
  }

  /// Hides a job of another client from a client that may see only its own, so that it does not learn that the job exists.
  func checkSight(of job: JobStatus, by client: VerifiedClient) throws(Problem) {
    guard let owner = owner(client), !owner.owns(job) else { return }
    throw Problem(.notFound, "there is no job \(job.id)")
  }

  /// Returns whose jobs `client` may see; `nil` for all jobs.
  func owner(_ client: VerifiedClient) -> JobOwner? {
    table?.jobs == .own ? JobOwner(client.identity) : nil
  }
}

/// The owner of a job: the subject, so that a renewed certificate keeps the jobs of its predecessor.
///
/// A certificate without a subject owns only its own jobs.
///
/// This is a digest because it is kept for every job and event, and a compromised listener can make up subjects of any length.
struct JobOwner: Hashable {
  private let digest: String

  init(_ client: ClientIdentity) {
    let name = client.subject.isEmpty ? "thumbprint \(client.thumbprint)" : "subject \(client.subject)"
    digest = SHA256.hexadecimal(of: Array(name.utf8))
  }

  /// Returns the ID in the space of this owner.
  func space(of id: JobID) -> JobID { id.ownSpace(of: digest) }

  func owns(_ job: JobStatus) -> Bool { JobOwner(job.client) == self }
}
