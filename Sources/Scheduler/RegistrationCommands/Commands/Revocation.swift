import CertificateAuthority
import CertificateImport
import CertificateStore
import Console
import OpenSSL
import SchedulerRegistry
import SystemCalls
import Values

extension Scheduler {
  /// Days that a revocation list is valid without another wish.
  static let listDays = 30

  /// REVOKE CERT.
  func revokeCertificate(_ switches: Switches) throws -> CommandAnswer {
    let query = try switches.thumbprint()
    let file = switches.value("FILENAME")
    if (query == nil) == (file == nil) {
      throw CommandError(.usage, "REVOKE CERT needs /THUMBPRINT or /FILENAME, to say which certificate")
    }
    let shown = try file.map(certificate)
    let (revoked, others) = try registry.update { record, transaction in
      let index =
        try shown.map { try record.index(of: $0, catalog(transaction.before).roots) }
        ?? query.map { try record.index(of: $0) }!
      if record.issued[index].revokedAt == nil { record.issued[index].revokedAt = .now() }
      return (record.issued[index], record.inForce(for: record.issued[index].subject, at: now))
    }
    return CommandAnswer(
      [
        "Certificate revoked", "  subject     \(revoked.subject)",
        "  thumbprint  \(revoked.sha1Thumbprint.uppercased())", "  SHA-256     \(revoked.sha256Thumbprint)",
        "agents learn of it from a new list: EXPORT CRL /FILENAME=crl.pem, then on each agent: jams-register -I crl.pem",
      ],
      // A stolen key may have got further certificates by renewal.
      warnings: others.map { "still in force for the same name: SHA-256 \($0.sha256Thumbprint), to \($0.notAfter)" })
  }

  /// EXPORT CRL.
  func exportRevocationList(_ switches: Switches) throws -> CommandAnswer {
    let file = switches.required("FILENAME")
    let days = try switches.days(otherwise: Self.listDays)
    let query = try switches.thumbprint()
    let list = try registry.update { record, transaction in
      let authority = try authority(query, record, transaction.before)
      let root = authority.certificate.sha256Thumbprint
      let entries = record.revocations(by: root)
      // Not only one more: a standby scheduler with the same root counts by itself, and its lists have to be newer, too.
      let number = max((record.revocationListNumbers[root] ?? 0) + 1, UInt64(max(now, 0)))
      record.revocationListNumbers[root] = number
      let list = try authority.issueRevocationList(entries, number: number, days: days, now: now)
      try PublicFile.write(list.pem, to: file)
      return list
    }
    return CommandAnswer([
      "Revocation list exported to \(file)", "  issuer      \(list.issuer)", "  revoked     \(list.revokedCount)",
      "  next due    \(Self.day(list.nextUpdate ?? 0))",
      "agents import it with: jams-register -I \(file.split(separator: "/").last ?? "")",
      "other schedulers with this root CA: IMPORT CRL /FILENAME=\(file.split(separator: "/").last ?? "")",
    ])
  }
}

extension Scheduler {
  /// IMPORT CRL.
  func importRevocationList(_ switches: Switches) throws -> CommandAnswer {
    let file = switches.required("FILENAME")
    let list = try revocationList(file)
    let (root, added) = try registry.update { record, transaction in
      guard let root = try catalog(transaction.before).roots.first(where: list.isIssued) else {
        throw CommandError(
          .data, "\(file): no root CA here signed this list of \(list.issuer); import it with IMPORT ROOT CA")
      }
      return (root, record.take(list, of: root.sha256Thumbprint))
    }
    return CommandAnswer([
      "Revocation list imported", "  issuer      \(root.subject)",
      "  revoked     \(list.revokedCount), \(added) of them new here",
      "EXPORT CRL includes them in the next list",
      "SERVE ENROLMENT renews what that scheduler issued until \(Self.day(list.nextUpdate ?? 0)), or longer with a newer list",
    ])
  }

  private func revocationList(_ file: String) throws -> RevocationList {
    let contents = try SourceFile.read(file, limit: Bundle.maximumBytes).bytes
    do {
      let bundle = try Bundle(contents) { nil }
      guard bundle.revocationLists.count == 1, bundle.certificates.isEmpty else {
        throw CommandError(.data, "\(file): expected one revocation list, as EXPORT CRL writes it")
      }
      return bundle.revocationLists[0]
    } catch let refusal as ImportRefusal {
      throw CommandError(.data, "\(file): \(refusal)")
    }
  }

  private func certificate(_ file: String) throws -> Certificate {
    let contents = try SourceFile.read(file, limit: Bundle.maximumBytes).bytes
    do {
      // The first, as in a chain; what follows is its issuer.
      return try Bundle.certificates(in: contents) { nil }[0]
    } catch let refusal as ImportRefusal {
      throw CommandError(.data, "\(file): \(refusal)")
    }
  }
}

extension RegistryRecord {
  /// The certificate that the query means.
  fileprivate func index(of query: ThumbprintQuery) throws(CommandError) -> Int {
    let indices = issued.indices.filter {
      query.matches(sha1: issued[$0].sha1Thumbprint, sha256: issued[$0].sha256Thumbprint)
    }
    if indices.count > 1 {
      throw CommandError(.data, "/THUMBPRINT=\(query) matches \(indices.count) certificates; give more digits")
    }
    guard let index = indices.first else {
      throw CommandError(
        .data,
        "/THUMBPRINT=\(query) was not issued here, or has expired; use /FILENAME for one that another scheduler with this root issued"
      )
    }
    return index
  }

  /// The certificate itself, which is noted here if it was not yet.
  fileprivate mutating func index(of certificate: Certificate, _ roots: [Certificate]) throws(CommandError) -> Int {
    if let index = issued.firstIndex(where: { $0.sha256Thumbprint == certificate.sha256Thumbprint }) { return index }
    guard let root = roots.first(where: { certificate.isIssued(by: $0) }), root != certificate else {
      throw CommandError(.data, "\(certificate.subject): no root CA here issued it, so it cannot be revoked here")
    }
    issued.append(
      IssuedCertificate(
        root: root.sha256Thumbprint, serialNumber: certificate.serialNumber,
        sha1Thumbprint: certificate.sha1Thumbprint, sha256Thumbprint: certificate.sha256Thumbprint,
        subject: certificate.subject,
        role: certificate.extendedKeyUsage?.contains(.clientAuthentication) == true ? .connector : .listener,
        notAfter: Timestamp(seconds: certificate.notAfter)))
    return issued.count - 1
  }

  /// All that the root has revoked, here and elsewhere; where both know, the earlier moment.
  func revocations(by root: Thumbprint) -> [RevocationList.Entry] {
    var moments: [String: Int64] = [:]
    for entry in importedRevocations?[root] ?? [] { moments[entry.serialNumber] = entry.revokedAt.seconds }
    for entry in issued where entry.root == root {
      guard let since = entry.revokedAt?.seconds else { continue }
      moments[entry.serialNumber] = min(moments[entry.serialNumber] ?? .max, since)
    }
    return moments.sorted { $0.key < $1.key }.map { RevocationList.Entry(serialNumber: $0.key, since: $0.value) }
  }

  /// Takes over what a list revokes, and its number, so that the next one from here is newer.
  ///
  /// - Returns: how many entries were new.
  fileprivate mutating func take(_ list: RevocationList, of root: Thumbprint) -> Int {
    let known = Set(revocations(by: root).map(\.serialNumber))
    let new = list.entries.filter { !known.contains($0.serialNumber) }
    importedRevocations = importedRevocations ?? [:]
    importedRevocations?[root, default: []] += new.map {
      ImportedRevocation(serialNumber: $0.serialNumber, revokedAt: Timestamp(seconds: $0.since))
    }
    if let number = list.number.flatMap({ UInt64($0, radix: 16) }) {
      revocationListNumbers[root] = max(revocationListNumbers[root] ?? 0, number)
    }
    if let due = list.nextUpdate.map({ Timestamp(seconds: $0) }) {
      importedListsDue = (importedListsDue ?? [:]).merging([root: due], uniquingKeysWith: max)
    }
    return new.count
  }
}

/// Files without a secret in them.
enum PublicFile {
  static func write(_ text: String, to file: String) throws(CommandError) {
    do throws(SystemError) { try DurableFile.replace(file, with: Array(text.utf8), mode: 0o644) } catch {
      throw CommandError(.cannotCreate, "\(file): \(error.reason)")
    }
  }
}

extension RegistryRecord {
  /// What was issued for a subject and neither expired nor was revoked.
  fileprivate func inForce(for subject: String, at now: Int64) -> [IssuedCertificate] {
    issued.filter { $0.subject == subject && $0.revokedAt == nil && $0.notAfter.seconds >= now }
  }
}
