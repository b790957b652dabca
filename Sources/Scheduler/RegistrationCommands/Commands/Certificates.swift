import CertificateAuthority
import CertificateStore
import OpenSSL
import SchedulerRegistry
import SystemCalls
import Values

extension Scheduler {
  /// Executes CREATE ROOT CA.
  func createRoot(_ switches: Switches) throws -> CommandAnswer {
    let wanted = switches.has("NAME") ? try switches.commonName("NAME", otherwise: "") : nil
    let lifetime = Lifetime(days: try switches.days(otherwise: Lifetime.rootDays), now: now)
    let kind = try switches.keyKind()
    let (authority, isNamesake, isDefault, hadDefault) = try registry.update { record, transaction in
      let hadDefault = record.defaultRoot != nil
      let present = try catalog(transaction.before).roots
      let name = wanted ?? Self.unusedRootName(present)
      let authority = try CertificateAuthority.create(named: name, kind, for: lifetime)
      try transaction.add(authority)
      if switches.has("MAKEDEFAULT") { record.defaultRoot = authority.certificate.sha256Thumbprint }
      let isNamesake = present.contains { $0.hasSubject(of: authority.certificate) }
      return (authority, isNamesake, switches.has("MAKEDEFAULT"), hadDefault)
    }
    var answer = CommandAnswer(["New self-signed certificate"] + facts(authority.certificate, isDefault: isDefault))
    if isNamesake {
      answer.warnings.append(
        "another root CA here has the same name: people and other software will take one for the other")
    }
    if isDefault, hadDefault {
      answer.warnings.append(
        "agents do not know this root yet: import it on each (EXPORT ROOT CA /NOKEY, then jams-register -I) before "
          + "you replace certificates of the earlier one")
    }
    if !isDefault { answer.warnings.append("it is not used until /MAKEDEFAULT or /THUMBPRINT= names it") }
    return answer
  }

  /// Returns the default name of a new root CA: that of the documentation, with a number from the second one on.
  private static func unusedRootName(_ present: [Certificate]) -> String {
    let used = Set(present.flatMap(\.commonNames).map { Array($0.utf8) })
    let names = [CertificateAuthority.defaultName] + (2...1001).map { "\(CertificateAuthority.defaultName) \($0)" }
    return names.first { !used.contains(Array($0.utf8)) } ?? CertificateAuthority.defaultName
  }

  /// Executes CREATE EXEC CONNECTOR CERT.
  func createConnectorCertificate(_ switches: Switches) throws -> CommandAnswer {
    let name = try switches.commonName("NAME", otherwise: "Executor Connector \(hostNames[0])".prefix(64).description)
    let lifetime = Lifetime(days: try switches.days(otherwise: Lifetime.days), now: now)
    let key = try PrivateKey.generate(try switches.keyKind())
    let certificate = try registry.update { record, transaction in
      let authority = try authority(nil, record, transaction.before)
      let certificate = try authority.issueConnector(named: name, for: PublicKey(of: key), lifetime)
      try transaction.add(certificate, key)
      try record.note(certificate, .connector, of: authority, now, by: Requester.name)
      if switches.has("MAKEDEFAULT") { record.defaultConnector = certificate.sha256Thumbprint }
      return certificate
    }
    return CommandAnswer(
      ["New certificate"] + facts(certificate, isDefault: switches.has("MAKEDEFAULT")),
      warnings: Self.shortened(certificate, lifetime))
  }

  /// Executes CREATE AGENT LISTENER CERT.
  func createListenerCertificate(_ switches: Switches) throws -> CommandAnswer {
    let name = try switches.agentName()
    let file = try TargetFile(switches.required("FILENAME"), switches)
    let isPEM = switches.has("PEM")
    let names = try switches.alternativeNames()
    let lifetime = try switches.listenerLifetime(now: now)
    let kind = try switches.keyKind()
    // Before the prompt: a user must not type a password in vain.
    _ = try authority(nil, try registry.record(), try registry.store.snapshot())
    let password = try newPassword(switches, mayLack: isPEM)
    let key = try PrivateKey.generate(kind)
    let certificate = try registry.update { record, transaction in
      let authority = try authority(nil, record, transaction.before)
      let certificate = try authority.issueListener(agentName: name, names: names, for: PublicKey(of: key), lifetime)
      try record.note(certificate, .listener, of: authority, now, by: Requester.name)
      let bundle = KeyBundle(
        key: key, certificate: certificate, chain: switches.has("CHAIN") ? [authority.certificate] : [], name: name)
      // Last, so that a file that cannot be written leaves no record of a certificate that no one has.
      try bundle.write(to: file, asPEM: isPEM, password)
      return certificate
    }
    let next = isPEM ? "jams-register -I \(Path.name(of: file.path))\(password == nil ? "" : " -q")" : nil
    return CommandAnswer(
      ["New certificate"] + facts(certificate, isDefault: false) + ["written with its private key to \(file.path)"]
        + (next.map { ["copy it to the agent and run there: \($0)"] } ?? []),
      warnings: Self.shortened(certificate, lifetime))
  }

  /// Returns a warning if a certificate expires before the end of the lifetime that it should have.
  static func shortened(_ certificate: Certificate, _ lifetime: Lifetime) -> [String] {
    certificate.notAfter < lifetime.notAfter
      ? ["it is valid only to \(day(certificate.notAfter)), when its root CA expires: make the next root CA in time"]
      : []
  }

  /// Returns subject, names, validity and thumbprints, for display.
  func facts(_ certificate: Certificate, isDefault: Bool) -> [String] {
    let names = certificate.subjectAlternativeNames.map(\.value).joined(separator: ", ")
    return ["  subject     \(certificate.subject)"] + (names.isEmpty ? [] : ["  names       \(names)"])
      + [
        "  key         \(certificate.keyDescription)",
        "  valid       \(Self.day(certificate.notBefore)) to \(Self.day(certificate.notAfter))",
        "  thumbprint  \(certificate.sha1Thumbprint.uppercased())", "  SHA-256     \(certificate.sha256Thumbprint)",
      ] + (isDefault ? ["  now the default"] : [])
  }

  static func day(_ seconds: Int64) -> String { Timestamp(seconds: seconds).day }
}

extension RegistryRecord {
  /// Records an issued certificate, and forgets those that have expired.
  ///
  /// - Parameters:
  ///   - renewed: the certificate that this one replaces, if it was issued for a renewal.
  ///   - requester: who asked for it; nil if that is not known.
  mutating func note(
    _ certificate: Certificate, _ role: IssuedCertificate.Role, of authority: CertificateAuthority, _ now: Int64,
    inPlaceOf renewed: Certificate? = nil, by requester: String?
  ) throws {
    issued.removeAll { $0.notAfter.seconds < now }
    issued.append(
      IssuedCertificate(
        root: authority.certificate.sha256Thumbprint, serialNumber: certificate.serialNumber,
        sha1Thumbprint: certificate.sha1Thumbprint, sha256Thumbprint: certificate.sha256Thumbprint,
        subject: certificate.subject, role: role, notAfter: Timestamp(seconds: certificate.notAfter),
        issuedAt: Timestamp(milliseconds: now * 1000), renewalOf: renewed?.sha256Thumbprint,
        requestedBy: requester))
  }
}
