import CertificateAuthority
import CertificateImport
import CertificateStore
import Console
import OpenSSL
import SchedulerRegistry
import SystemCalls
import Values

extension Scheduler {
  /// The default validity of a revocation list, in days.
  static let listDays = 30

  /// Executes REVOKE CERT.
  func revokeCertificate(_ switches: Switches) throws -> CommandAnswer {
    let query = try switches.thumbprint()
    let file = switches.value("FILENAME")
    let agentName = switches.has("AGENTNAME") ? try switches.agentName() : nil
    let shown = try file.map(certificate)
    let (revoked, record, roots) = try registry.update { record, transaction in
      let roots = try catalog(transaction.before).roots
      let indices =
        if let shown { [try record.index(of: shown, roots)] } else if let query { [try record.index(of: query)] } else {
          try record.indices(ofAgent: agentName ?? "", at: now)
        }
      for index in indices where record.issued[index].revokedAt == nil { record.issued[index].revokedAt = .now() }
      return (indices.map { record.issued[$0] }, record, roots)
    }
    let told = tellAgents(record)
    return CommandAnswer(
      revoked.flatMap(Self.lines) + told.lines + Self.exports(of: revoked, roots, isPublished: !told.lines.isEmpty),
      warnings: warnings(of: revoked, record) + told.warnings)
  }

  private static func lines(_ revoked: IssuedCertificate) -> [String] {
    [
      "Certificate revoked", "  subject     \(revoked.subject)",
      "  thumbprint  \(revoked.sha1Thumbprint.uppercased())", "  SHA-256     \(revoked.sha256Thumbprint)",
    ]
  }

  /// Returns the commands that write the lists that contain them, one per root.
  private static func exports(
    of revoked: [IssuedCertificate], _ roots: [Certificate], isPublished: Bool
  ) -> [String] {
    let concerned = roots.filter { root in revoked.contains { $0.root == root.sha256Thumbprint } }
    return [isPublished ? "other agents learn of it from a file:" : "agents learn of it from a new list:"]
      + concerned.enumerated().map { index, root in
        let file = index == 0 ? "crl.pem" : "crl\(index + 1).pem"
        return "  EXPORT CRL /FILENAME=\(file) /THUMBPRINT=\(root.sha1Thumbprint.uppercased())"
          + "    then on each agent: jams-register -I \(file)"
      }
  }

  private func warnings(of revoked: [IssuedCertificate], _ record: RegistryRecord) -> [String] {
    let subjects = Set(revoked.map(\.subject))
    // A stolen key may have obtained further certificates by renewal.
    let others = record.issued.filter { subjects.contains($0.subject) && $0.isInForce(at: now) }
    let own = revoked.filter { $0.sha256Thumbprint == record.defaultConnector }
    let named = record.connectors.filter { connector in
      revoked.contains { $0.sha256Thumbprint == connector.certificate }
    }
    return own.map { _ in
      "it is this scheduler's default connector certificate: agents that import the list refuse this scheduler; give it another one, "
        + "at best before they do: CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT"
    }
      + named.map {
        "the executor connector for \($0.agentName) uses it: ADD EXECUTOR CONNECTOR again, with another /THUMBPRINT or none"
      }
      + others.map {
        "still in force for the same name: SHA-256 \($0.sha256Thumbprint), to \($0.notAfter)"
          + ($0.role == .listener ? "; REVOKE CERT /AGENTNAME= revokes all" : "")
      }
  }

  /// Executes EXPORT CRL.
  func exportRevocationList(_ switches: Switches) throws -> CommandAnswer {
    let file = try TargetFile(
      switches.required("FILENAME"), switches, mayReplace: TargetFile.isRevocationList)
    let days = try switches.days(otherwise: Self.listDays)
    let query = try switches.thumbprint()
    let (list, root, record) = try registry.update { record, transaction in
      let authority = try authority(query, record, transaction.before)
      let list = try issueList(of: authority, days: days, &record, &transaction)
      try file.write(list.pem)
      return (list, authority.certificate, record)
    }
    let told = tellAgents(record)
    return CommandAnswer(
      [
        "Revocation list exported to \(file.path)", "  issuer      \(list.issuer)",
        "  root        \(root.sha1Thumbprint.uppercased())",
        "  revoked     \(list.revokedCount)",
        "  next due    \(Self.day(list.nextUpdate ?? 0))",
        "agents import it with: jams-register -I \(Path.name(of: file.path))",
        "other schedulers with this root CA: IMPORT CRL /FILENAME=\(Path.name(of: file.path))",
      ] + told.lines, warnings: told.warnings)
  }
}

extension Scheduler {
  /// Executes IMPORT CRL.
  func importRevocationList(_ switches: Switches) throws -> CommandAnswer {
    let file = switches.required("FILENAME")
    let list = try revocationList(file)
    let (root, added) = try registry.update { record, transaction in
      guard let root = try catalog(transaction.before).roots.first(where: list.isIssued) else {
        throw CommandError(
          .data, "\(file): no root CA here signed this list of \(list.issuer); import it with IMPORT ROOT CA")
      }
      if let fault = Self.fault(of: list) { throw CommandError(.data, "\(file): cannot be used: \(fault)") }
      return (root, record.take(list, of: root.sha256Thumbprint))
    }
    return CommandAnswer([
      "Revocation list imported", "  issuer      \(root.subject)",
      "  revoked     \(list.revokedCount), \(added) of them new here",
      "EXPORT CRL includes them in the next list",
      "SERVE ENROLMENT renews what that scheduler issued until \(Self.day(list.nextUpdate ?? 0)), or longer with a newer list",
    ])
  }

  /// Returns why a list does not say of all agents' certificates of its CA whether they are revoked; `nil` if it does.
  private static func fault(of list: RevocationList) -> String? {
    if let fault = list.fault { return fault }
    let scope = list.scope
    if scope.onlyAuthorities { return "it is about CAs alone" }
    return scope.text.isEmpty ? nil : "it is about the certificates of \(scope.text) alone; the complete list is needed"
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
      // The first one, as in a chain; its issuers follow.
      return try Bundle.certificates(in: contents) { nil }[0]
    } catch let refusal as ImportRefusal {
      throw CommandError(.data, "\(file): \(refusal)")
    }
  }
}

extension RegistryRecord {
  /// Returns the index of the certificate that matches the query.
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

  /// Returns the indices of all certificates of an agent that are in force.
  fileprivate func indices(ofAgent name: String, at time: Int64) throws(CommandError) -> [Int] {
    let indices = issued.indices.filter { issued[$0].isOf(agentName: name) && issued[$0].isInForce(at: time) }
    if indices.isEmpty {
      throw CommandError(.data, "/AGENTNAME=\(name): no certificate of that name that was issued here is in force")
    }
    return indices
  }

  /// Returns the index of the certificate, which is recorded here if it was not yet.
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

  /// Returns all revocations by the root, here and elsewhere; if both are known, with the earlier time.
  func revocations(by root: Thumbprint) -> [RevocationList.Entry] {
    var moments: [String: Int64] = [:]
    for entry in importedRevocations?[root] ?? [] { moments[entry.serialNumber] = entry.revokedAt.seconds }
    for entry in issued where entry.root == root {
      guard let since = entry.revokedAt?.seconds else { continue }
      moments[entry.serialNumber] = min(moments[entry.serialNumber] ?? .max, since)
    }
    return moments.sorted { $0.key < $1.key }.map { RevocationList.Entry(serialNumber: $0.key, since: $0.value) }
  }

  /// Adds the revocations of a list, and its number, so that the next list from here is newer.
  ///
  /// - Returns: the number of new entries.
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
