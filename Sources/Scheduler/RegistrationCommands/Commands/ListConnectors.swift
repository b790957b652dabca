import AgentInventory
import AgentProtocol
import CertificateStore
import OpenSSL
import SchedulerRegistry
import Values

/// One of the default certificates in LIST EXEC CONFIG.
private struct DefaultCertificate: Encodable {
  let subject: String
  let sha1Thumbprint: String
  let sha256Thumbprint: Thumbprint
  let expiresAt: Timestamp
  let revokedAt: Timestamp?

  init?(_ certificate: Certificate?, _ record: RegistryRecord) {
    guard let certificate else { return nil }
    subject = certificate.subject
    sha1Thumbprint = certificate.sha1Thumbprint
    sha256Thumbprint = certificate.sha256Thumbprint
    expiresAt = Timestamp(seconds: certificate.notAfter)
    revokedAt = record.issued.first { $0.sha256Thumbprint == certificate.sha256Thumbprint }?.revokedAt
  }

  enum CodingKeys: String, CodingKey {
    case subject
    case sha1Thumbprint = "thumbprint_sha1"
    case sha256Thumbprint = "thumbprint_sha256"
    case expiresAt = "not_after"
    case revokedAt = "revoked_at"
  }

  var lines: [String] {
    ["  \(subject), valid to \(expiresAt.day)", "  SHA-256 \(sha256Thumbprint)"]
      + (revokedAt.map { ["  REVOKED on \($0): CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT makes another"] }
        ?? [])
  }
}

/// LIST EXEC CONFIG in JSON.
private struct Configuration: Encodable {
  let root: DefaultCertificate?
  let connector: DefaultCertificate?
  let warnings: [String]

  enum CodingKeys: String, CodingKey {
    case warnings
    case root = "default_root"
    case connector = "default_connector"
  }
}

extension Scheduler {
  /// Executes LIST EXECUTOR CONNECTOR.
  func listConnectors(_ switches: Switches) throws -> CommandAnswer {
    let connectors = try registry.record().connectors.sorted { $0.agentName < $1.agentName }
    return try list(connectors, switches, none: "no executor connector yet; add one with ADD EXECUTOR CONNECTOR") {
      $0.map { connector in
        [
          connector.agentName, HostAndPort.text(connector.host, connector.port), connector.platform,
          connector.isEnabled ? "enabled" : "disabled",
          connector.certificate.map { "certificate \($0.beginning)" } ?? "default certificate",
        ].joined(separator: "  ")
      }
    }
  }

  /// Executes LIST EXEC CONFIG.
  func listConfiguration(_ switches: Switches) throws -> CommandAnswer {
    let record = try registry.record()
    let snapshot = try registry.store.snapshot()
    let root = try record.defaultRoot.map { _ in try authority(nil, record, snapshot).certificate }
    let connector = try record.defaultConnector.map { _ in try connectorCertificate(nil, record, snapshot) }
    let configuration = Configuration(
      root: DefaultCertificate(root, record), connector: DefaultCertificate(connector, record),
      warnings: OwnExpiry.warnings(record, try catalog(snapshot), at: .now()))
    if switches.has("JSON") { return try CommandAnswer(json: configuration) }
    let parts = [
      ("Default Root CA Thumbprint", configuration.root),
      ("Default Executor Connector Thumbprint", configuration.connector),
    ]
    return CommandAnswer(
      parts.flatMap { title, certificate in
        ["\(title): \(certificate?.sha1Thumbprint.uppercased() ?? "none")"] + (certificate?.lines ?? [])
      }, warnings: configuration.warnings)
  }
}
