import CertificateStore
import EnrolmentService
import MetricsText
import OpenSSL
import SchedulerRegistry
import Values

extension RegistryAuthority {
  /// The maximum number of agents that have a series of their own.
  private static let maximumAgents = 10_000

  /// Returns whether it is a connector certificate that this scheduler issued, in force and not revoked.
  func isOwnConnector(_ certificate: Certificate, _ snapshot: StoreSnapshot) throws -> Bool {
    guard let root = try scheduler.catalog(snapshot).roots.first(where: { certificate.isIssued(by: $0) }) else {
      return false
    }
    let (record, thumbprint) = (try scheduler.registry.record(), certificate.sha256Thumbprint)
    return record.issued.contains { $0.sha256Thumbprint == thumbprint && $0.role == .connector }
      && (certificate.notBefore...max(certificate.notAfter, certificate.notBefore)).contains(scheduler.now)
      && record.revocation(of: certificate.serialNumber, by: root.sha256Thumbprint) == nil
  }

  func addMetrics(to page: inout Exposition, for client: Certificate?) throws {
    let snapshot = try scheduler.registry.store.snapshot()
    guard let client, try isOwnConnector(client, snapshot) else {
      throw EnrolmentRefusal(
        .forbidden, "metrics are for a connector certificate of this scheduler: EXPORT EXEC CERT /PEM writes one")
    }
    let (record, catalog) = (try scheduler.registry.record(), try scheduler.catalog(snapshot))
    let own = catalog.roots.map { ($0, "root") } + catalog.certificates.map { ($0, "connector") }
    page.add(
      "agentd_scheduler_certificate_not_after_timestamp_seconds", .gauge,
      "When a certificate of the scheduler expires, in seconds since the epoch.",
      own.map { certificate, role in
        .init(
          certificate.notAfter, ("role", role), ("subject", certificate.subject),
          ("sha256", "\(certificate.sha256Thumbprint)"))
      })
    page.add(
      "agentd_scheduler_revocation_list_next_update_timestamp_seconds", .gauge,
      "When the newest revocation list of a root expires, in seconds since the epoch.",
      catalog.revocationLists.compactMap { list in
        list.nextUpdate.map { .init($0, ("issuer", list.issuer), ("sha256", "\(list.sha256Thumbprint)")) }
      })
    addIssued(record, to: &page)
  }

  private func addIssued(_ record: RegistryRecord, to page: inout Exposition) {
    let agents = record.issued.filter { $0.role == .listener }
    let inForce = agents.filter { $0.isInForce(at: scheduler.now) }
    page.add(
      "agentd_scheduler_agent_certificates", .gauge, "Agents' certificates that have not expired, by their state.",
      [
        .init(inForce.count, ("state", "in_force")),
        .init(agents.count { $0.revokedAt != nil }, ("state", "revoked")),
      ])
    // An agent keeps its last certificate alone.
    let last = Dictionary(inForce.map { ($0.subject, $0.notAfter) }, uniquingKeysWith: { max($0, $1) })
    page.add(
      "agentd_scheduler_agent_certificate_not_after_timestamp_seconds", .gauge,
      "When the last certificate of an agent expires, in seconds since the epoch.",
      last.sorted { $0.key < $1.key }.prefix(Self.maximumAgents).map { .init($1, ("subject", $0)) })
  }
}
