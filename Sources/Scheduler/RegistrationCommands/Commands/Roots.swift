import CertificateStore
import Console
import OpenSSL
import SchedulerRegistry
import Values
import Wording

/// A root CA in LIST ROOT CA.
private struct ListedRoot: Encodable {
  let subject: String
  let sha1Thumbprint: String
  let sha256Thumbprint: Thumbprint
  let expiresAt: Timestamp
  let isDefault: Bool
  /// Whether its private key is here.
  let canIssue: Bool
  /// The number of its certificates that are neither revoked nor expired.
  let inForce: Int

  enum CodingKeys: String, CodingKey {
    case subject
    case sha1Thumbprint = "thumbprint_sha1"
    case sha256Thumbprint = "thumbprint_sha256"
    case expiresAt = "not_after"
    case isDefault = "default"
    case canIssue = "can_issue"
    case inForce = "certificates_in_force"
  }

  static let titles = ["THUMBPRINT", "SUBJECT", "VALID TO", "PRIVATE KEY", "IN FORCE", "DEFAULT"]

  var cells: [String] {
    [
      sha1Thumbprint.prefix(8).uppercased(), subject, expiresAt.day, canIssue ? "here" : "elsewhere", "\(inForce)",
      isDefault ? "default" : "",
    ]
  }
}

extension Scheduler {
  /// Executes LIST ROOT CA.
  func listRoots(_ switches: Switches) throws -> CommandAnswer {
    let record = try registry.record()
    let catalog = try catalog(try registry.store.snapshot())
    let roots = catalog.roots.sorted { $0.notAfter < $1.notAfter }.map { root in
      ListedRoot(
        subject: root.subject, sha1Thumbprint: root.sha1Thumbprint, sha256Thumbprint: root.sha256Thumbprint,
        expiresAt: Timestamp(seconds: root.notAfter), isDefault: root.sha256Thumbprint == record.defaultRoot,
        canIssue: catalog.keys.contains(root.sha256Thumbprint), inForce: inForce(root, record).count)
    }
    return try list(roots, switches, none: "no root CA yet; make one with CREATE ROOT CA /STOREKEY /MAKEDEFAULT") {
      aligned([ListedRoot.titles] + $0.map(\.cells))
    }
  }

  /// Executes SET DEFAULT ROOT CA.
  func setDefaultRoot(_ switches: Switches) throws -> CommandAnswer {
    let query = try switches.thumbprint()
    let root = try registry.update { record, transaction in
      let root = try authority(query, record, transaction.before).certificate
      if root.notAfter < now { throw CommandError(.data, "\(root.subject) expired on \(Self.day(root.notAfter))") }
      record.defaultRoot = root.sha256Thumbprint
      return root
    }
    return CommandAnswer(
      ["Default root CA SET"] + facts(root, isDefault: true),
      warnings: [
        "agents that do not know this root refuse what it issues, and the scheduler agents of a root that is not here: import it on "
          + "each agent first (EXPORT ROOT CA /NOKEY, then jams-register -I)"
      ])
  }

  /// Executes REMOVE ROOT CA.
  func removeRoot(_ switches: Switches) throws -> CommandAnswer {
    let query = try switches.thumbprint()
    let root = try registry.update { record, transaction in
      let root = try rootCertificate(query, transaction.before)
      let thumbprint = root.sha256Thumbprint
      if record.defaultRoot == thumbprint {
        throw CommandError(
          .data, "\(root.subject) is the default root CA; make another one that with SET DEFAULT ROOT CA first")
      }
      let connectors = try catalog(transaction.before).certificates.filter { $0.isIssued(by: root) }
      let needed = inForce(root, record).count
      if !switches.has("FORCE"), needed > 0 || !connectors.isEmpty {
        throw CommandError(
          .data,
          "\(root.subject): \(counted(needed, "certificate")) of it in force and \(connectors.count) of them a connector's here; "
            + "without it they can neither be verified nor revoked: LIST CERT shows them; /FORCE removes it anyway")
      }
      transaction.remove(.roots, thumbprint)
      transaction.remove(.keys, thumbprint)
      record.forget(root: thumbprint)
      return root
    }
    return CommandAnswer(
      ["Root CA REMOVED"] + facts(root, isDefault: false),
      warnings: ["agents trust it until it is removed there, too: jams-register -x \(root.sha1Thumbprint.prefix(8))"])
  }

  /// Returns the entries of certificates that the root issued and that are neither expired nor revoked.
  private func inForce(_ root: Certificate, _ record: RegistryRecord) -> [IssuedCertificate] {
    record.issued.filter { $0.root == root.sha256Thumbprint && $0.isInForce(at: now) }
  }
}

extension RegistryRecord {
  /// Forgets everything about a root that is removed.
  fileprivate mutating func forget(root: Thumbprint) {
    issued.removeAll { $0.root == root }
    enrolmentCodes.removeAll { $0.root == root }
    revocationListNumbers[root] = nil
    importedRevocations?[root] = nil
    importedListsDue?[root] = nil
  }
}
