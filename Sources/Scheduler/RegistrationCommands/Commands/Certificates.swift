import CertificateAuthority
import CertificateStore
import OpenSSL
import SchedulerRegistry
import Values

extension Scheduler {
  /// CREATE ROOT CA.
  func createRoot(_ switches: Switches) throws -> CommandAnswer {
    let name = try switches.commonName("NAME", otherwise: CertificateAuthority.defaultName)
    let lifetime = Lifetime(days: try switches.days(otherwise: Lifetime.rootDays), now: now)
    let authority = try CertificateAuthority.create(named: name, try switches.keyKind(), for: lifetime)
    let (isDefault, hadDefault) = try registry.update { record, transaction in
      let hadDefault = record.defaultRoot != nil
      try transaction.add(authority)
      if switches.has("MAKEDEFAULT") { record.defaultRoot = authority.certificate.sha256Thumbprint }
      return (switches.has("MAKEDEFAULT"), hadDefault)
    }
    var answer = CommandAnswer(["New self-signed certificate"] + facts(authority.certificate, isDefault: isDefault))
    if isDefault, hadDefault {
      answer.warnings.append(
        "agents do not know this root yet: import it on each (EXPORT ROOT CA /NOKEY, then jams-register -I) before "
          + "you replace certificates of the earlier one")
    }
    if !isDefault { answer.warnings.append("it is not used until /MAKEDEFAULT or /THUMBPRINT= names it") }
    return answer
  }

  /// CREATE EXEC CONNECTOR CERT.
  func createConnectorCertificate(_ switches: Switches) throws -> CommandAnswer {
    let name = try switches.commonName("NAME", otherwise: "Executor Connector \(hostNames[0])".prefix(64).description)
    let lifetime = Lifetime(days: try switches.days(otherwise: Lifetime.days), now: now)
    let key = try PrivateKey.generate(try switches.keyKind())
    let certificate = try registry.update { record, transaction in
      let authority = try authority(nil, record, transaction.before)
      let certificate = try authority.issueConnector(named: name, for: PublicKey(of: key), lifetime)
      try transaction.add(certificate, key)
      try record.note(certificate, .connector, of: authority, now)
      if switches.has("MAKEDEFAULT") { record.defaultConnector = certificate.sha256Thumbprint }
      return certificate
    }
    return CommandAnswer(["New certificate"] + facts(certificate, isDefault: switches.has("MAKEDEFAULT")))
  }

  /// CREATE AGENT LISTENER CERT.
  func createListenerCertificate(_ switches: Switches) throws -> CommandAnswer {
    let name = try switches.agentName()
    let (file, isPEM) = (switches.required("FILENAME"), switches.has("PEM"))
    let names = try switches.alternativeNames()
    let lifetime = try switches.listenerLifetime(now: now)
    let kind = try switches.keyKind()
    // Before the question: a person shall not type a password for nothing.
    _ = try authority(nil, try registry.record(), try registry.store.snapshot())
    let password = try newPassword(switches, mayLack: isPEM)
    let key = try PrivateKey.generate(kind)
    let certificate = try registry.update { record, transaction in
      let authority = try authority(nil, record, transaction.before)
      let certificate = try authority.issueListener(agentName: name, names: names, for: PublicKey(of: key), lifetime)
      try record.note(certificate, .listener, of: authority, now)
      let bundle = KeyBundle(
        key: key, certificate: certificate, chain: switches.has("CHAIN") ? [authority.certificate] : [], name: name)
      // Last, so that a file that cannot be written leaves no record of a certificate that nobody has.
      try bundle.write(to: file, asPEM: isPEM, password)
      return certificate
    }
    let next = isPEM ? "jams-register -I \(file.split(separator: "/").last ?? "")\(password == nil ? "" : " -q")" : nil
    return CommandAnswer(
      ["New certificate"] + facts(certificate, isDefault: false) + ["written with its private key to \(file)"]
        + (next.map { ["copy it to the agent and run there: \($0)"] } ?? []))
  }

  /// Subject, names, validity and thumbprints.
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
  /// Remembers what was issued, and forgets what is over.
  mutating func note(
    _ certificate: Certificate, _ role: IssuedCertificate.Role, of authority: CertificateAuthority, _ now: Int64
  ) throws {
    issued.removeAll { $0.notAfter.seconds < now }
    issued.append(
      IssuedCertificate(
        root: authority.certificate.sha256Thumbprint, serialNumber: certificate.serialNumber,
        sha1Thumbprint: certificate.sha1Thumbprint, sha256Thumbprint: certificate.sha256Thumbprint,
        subject: certificate.subject, role: role, notAfter: Timestamp(seconds: certificate.notAfter)))
  }
}
