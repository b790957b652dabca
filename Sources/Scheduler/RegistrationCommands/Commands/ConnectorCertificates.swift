import CertificateAuthority
import CertificateStore
import Console
import OpenSSL
import SchedulerRegistry
import SystemCalls
import Values

extension Scheduler {
  /// Executes SET DEFAULT EXEC CERT.
  func setDefaultConnector(_ switches: Switches) throws -> CommandAnswer {
    let query = try switches.thumbprint()
    let certificate = try registry.update { record, transaction in
      let certificate = try connectorCertificate(query, record, transaction.before)
      if certificate.notAfter < now {
        throw CommandError(.data, "\(certificate.subject) expired on \(Self.day(certificate.notAfter))")
      }
      if let root = try catalog(transaction.before).roots.first(where: { certificate.isIssued(by: $0) }),
        let since = record.revocation(of: certificate.serialNumber, by: root.sha256Thumbprint)
      {
        throw CommandError(.data, "\(certificate.subject) was revoked on \(since.day)")
      }
      // Without it, the certificate could not be used.
      _ = try registry.store.key(of: certificate)
      record.defaultConnector = certificate.sha256Thumbprint
      return certificate
    }
    return CommandAnswer(["Default executor certificate SET"] + facts(certificate, isDefault: true))
  }

  /// Executes REMOVE EXEC CERT.
  func removeConnectorCertificate(_ switches: Switches) throws -> CommandAnswer {
    let query = try switches.thumbprint()
    let (certificate, isRevoked) = try registry.update { record, transaction in
      let certificate = try connectorCertificate(query, record, transaction.before)
      let thumbprint = certificate.sha256Thumbprint
      let users = record.connectors.filter { $0.certificate == thumbprint }.map(\.agentName)
      let isDefault = record.defaultConnector == thumbprint
      if !switches.has("FORCE"), isDefault || !users.isEmpty {
        throw CommandError(
          .data,
          "\(certificate.subject) is "
            + (isDefault
              ? "the default; make another one that with SET DEFAULT EXEC CERT first"
              : "used for \(users.prefix(5).joined(separator: ", ")); ADD EXECUTOR CONNECTOR again without it first")
            + ", or remove it anyway with /FORCE")
      }
      transaction.remove(.certificates, thumbprint)
      transaction.remove(.keys, thumbprint)
      if isDefault { record.defaultConnector = nil }
      return (certificate, record.issued.contains { $0.sha256Thumbprint == thumbprint && $0.revokedAt != nil })
    }
    return CommandAnswer(
      ["Executor certificate REMOVED"] + facts(certificate, isDefault: false),
      warnings: isRevoked || certificate.notAfter < now
        ? []
        : [
          "agents still accept it where there is a copy: REVOKE CERT /THUMBPRINT=\(certificate.sha1Thumbprint.prefix(8))"
        ])
  }

  /// Executes CREATE OPERATOR CERT. The private key is in the file alone.
  func createOperatorCertificate(_ switches: Switches) throws -> CommandAnswer {
    let name = try switches.commonName("NAME", otherwise: "")
    let file = try TargetFile(switches.required("FILENAME"), switches)
    let lifetime = Lifetime(days: try switches.days(otherwise: Lifetime.days), now: now)
    let kind = try switches.keyKind()
    // Before the prompt: a user must not type a password in vain.
    _ = try authority(nil, try registry.record(), try registry.store.snapshot())
    let password = try newPassword(switches, mayLack: true)
    let key = try PrivateKey.generate(kind)
    let certificate = try registry.update { record, transaction in
      let authority = try authority(nil, record, transaction.before)
      let certificate = try authority.issueConnector(named: name, for: PublicKey(of: key), lifetime)
      try record.note(certificate, .connector, of: authority, now, by: Requester.name)
      let bundle = KeyBundle(key: key, certificate: certificate, chain: [authority.certificate], name: name)
      // Last, so that a file that cannot be written leaves no record of a certificate that no one has.
      try bundle.write(to: file, asPEM: true, password)
      return certificate
    }
    let prompt = password == nil ? "" : " /PROMPT"
    return CommandAnswer(
      ["New certificate"] + facts(certificate, isDefault: false) + [
        "written with its private key to \(file.path)",
        "EXPORT CONNECTORS /FILENAME=connectors.json writes the agents; the operator runs, with both files:",
        "  scheduler-register IMPORT EXEC CERT /FILENAME=\(Path.name(of: file.path))\(prompt) /MAKEDEFAULT",
        "  scheduler-register IMPORT CONNECTORS /FILENAME=connectors.json",
      ], warnings: Self.shortened(certificate, lifetime))
  }
}
