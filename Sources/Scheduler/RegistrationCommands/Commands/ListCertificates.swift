import CertificateStore
import OpenSSL
import SchedulerRegistry
import Values
import Wording

/// A certificate in LIST CERT.
struct ListedCertificate: Encodable {
  let subject: String
  /// Connector or listener.
  let role: IssuedCertificate.Role
  let sha1Thumbprint: String
  let sha256Thumbprint: Thumbprint
  /// The root that issued it; nil if that is not here.
  let root: Thumbprint?
  let issuedAt: Timestamp?
  let requestedBy: String?
  let renewalOf: Thumbprint?
  let expiresAt: Timestamp
  let revokedAt: Timestamp?
  let lastSeen: Timestamp?
  let isDefault: Bool

  enum CodingKeys: String, CodingKey {
    case subject, role, root
    case sha1Thumbprint = "thumbprint_sha1"
    case sha256Thumbprint = "thumbprint_sha256"
    case issuedAt = "issued_at"
    case requestedBy = "requested_by"
    case renewalOf = "renewal_of"
    case expiresAt = "not_after"
    case revokedAt = "revoked_at"
    case lastSeen = "last_seen"
    case isDefault = "default"
  }

  fileprivate static let titles = [
    "THUMBPRINT", "SUBJECT", "FOR", "ISSUED", "ASKED BY", "VALID TO", "LAST SEEN", "STATE",
  ]

  fileprivate func cells(at now: Timestamp) -> [String] {
    let state =
      revokedAt.map { "revoked \($0.day)" }
      ?? (expiresAt < now ? "expired" : isDefault ? "in force, default" : "in force")
    return [
      sha1Thumbprint.prefix(8).uppercased(), subject, role == .listener ? "agent" : "client", issuedAt?.day ?? "-",
      renewalOf == nil ? requestedBy ?? "-" : "agent, to renew", expiresAt.day, lastSeen?.short ?? "-", state,
    ]
  }
}

extension Scheduler {
  /// Executes LIST CERT: what the roots here issued and the connector certificates that were imported.
  func listCertificates(_ switches: Switches) throws -> CommandAnswer {
    let agentName = switches.has("AGENTNAME") ? try switches.agentName() : nil
    let end = switches.has("EXPIRES") ? now + (try switches.time("EXPIRES", otherwise: 0, most: 36500 * 86400)) : nil
    let entries = try certificates().filter { entry in
      (agentName.map { entry.role == .listener && AgentName.isSame(entry.subject, "CN=\($0)") } ?? true)
        && (end.map { entry.expiresAt.seconds <= $0 } ?? true)
    }.sorted {
      ($0.role == .connector ? 0 : 1, $0.subject, $0.expiresAt) < (
        $1.role == .connector ? 0 : 1, $1.subject, $1.expiresAt
      )
    }
    let none = agentName == nil && end == nil ? "no certificate was issued yet" : "there is no such certificate"
    return try list(entries, switches, none: none) { entries in
      aligned([ListedCertificate.titles] + entries.map { $0.cells(at: .now()) })
    }
  }

  private func certificates() throws -> [ListedCertificate] {
    let record = try registry.record()
    let seen = Sightings(home: registry.home).load()
    // A renewal shows that the certificate before it was in use.
    let renewals = Dictionary(
      record.issued.compactMap { entry in entry.renewalOf.flatMap { old in entry.issuedAt.map { (old, $0) } } },
      uniquingKeysWith: max)
    let issued = record.issued.map { entry in
      ListedCertificate(
        subject: entry.subject, role: entry.role, sha1Thumbprint: entry.sha1Thumbprint,
        sha256Thumbprint: entry.sha256Thumbprint, root: entry.root, issuedAt: entry.issuedAt,
        requestedBy: entry.requestedBy, renewalOf: entry.renewalOf, expiresAt: entry.notAfter,
        revokedAt: record.revocation(of: entry.serialNumber, by: entry.root),
        lastSeen: [renewals[entry.sha256Thumbprint], seen[entry.sha256Thumbprint]].compactMap(\.self).max(),
        isDefault: entry.sha256Thumbprint == record.defaultConnector)
    }
    let known = Set(issued.map(\.sha256Thumbprint))
    let catalog = try catalog(try registry.store.snapshot())
    return issued
      + catalog.certificates.filter { !known.contains($0.sha256Thumbprint) }.map { certificate in
        let root = catalog.roots.first { certificate.isIssued(by: $0) }?.sha256Thumbprint
        return ListedCertificate(
          subject: certificate.subject, role: .connector, sha1Thumbprint: certificate.sha1Thumbprint,
          sha256Thumbprint: certificate.sha256Thumbprint, root: root, issuedAt: nil, requestedBy: nil, renewalOf: nil,
          expiresAt: Timestamp(seconds: certificate.notAfter),
          revokedAt: root.flatMap { record.revocation(of: certificate.serialNumber, by: $0) },
          lastSeen: seen[certificate.sha256Thumbprint],
          isDefault: certificate.sha256Thumbprint == record.defaultConnector)
      }
  }
}
