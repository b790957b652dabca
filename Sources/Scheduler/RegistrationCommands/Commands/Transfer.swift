import CertificateAuthority
import CertificateImport
import CertificateStore
import Console
import OpenSSL
import SchedulerRegistry
import SystemCalls

extension Scheduler {
  /// Executes EXPORT ROOT CA.
  func exportRoot(_ switches: Switches) throws -> CommandAnswer {
    let file = try TargetFile(switches.required("FILENAME"), switches)
    let authority = try authority(try switches.thumbprint(), try registry.record(), try registry.store.snapshot())
    if switches.has("NOKEY") {
      try file.write(authority.certificate.pem)
      return CommandAnswer(
        ["Root CA exported to \(file.path), without its private key"] + facts(authority.certificate, isDefault: false)
          + ["agents trust it after: jams-register -I \(Path.name(of: file.path))"])
    }
    return try export(authority.certificate, authority.key, as: "Root CA", to: file, switches)
  }

  /// Executes EXPORT EXEC CERT.
  func exportConnectorCertificate(_ switches: Switches) throws -> CommandAnswer {
    let snapshot = try registry.store.snapshot()
    let certificate = try connectorCertificate(try switches.thumbprint(), try registry.record(), snapshot)
    let roots = try catalog(snapshot).roots.filter { certificate.isIssued(by: $0) }
    if switches.has("PEM") { return try exportConnectorForOthers(certificate, roots, switches) }
    for name in ["CURL", "NOPASSWORD"] where switches.has(name) {
      throw CommandError(.usage, "/\(name) needs /PEM: PKCS#12 is for the standby, and always has a password")
    }
    return try export(
      certificate, try registry.store.key(of: certificate), chain: roots, as: "Executor certificate",
      to: TargetFile(switches.required("FILENAME"), switches), switches)
  }

  private func export(
    _ certificate: Certificate, _ key: PrivateKey, chain: [Certificate] = [], as what: String, to file: TargetFile,
    _ switches: Switches
  ) throws -> CommandAnswer {
    let password = try newPassword(switches, mayLack: false)
    let bundle = KeyBundle(key: key, certificate: certificate, chain: chain, name: certificate.commonName ?? what)
    try bundle.write(to: file, asPEM: false, password)
    let place = Path.name(of: file.path)
    let next =
      certificate.isCA
      ? "IMPORT ROOT CA /FILENAME=\(place) /PROMPT /MAKEDEFAULT /STOREKEY"
      : "IMPORT EXEC CERT /FILENAME=\(place) /PROMPT /MAKEDEFAULT"
    return CommandAnswer(
      ["\(what) exported to \(file.path)"] + facts(certificate, isDefault: false)
        + ["copy it to the other scheduler and run there: \(next)"])
  }

  /// Executes IMPORT ROOT CA.
  func importRoot(_ switches: Switches) throws -> CommandAnswer {
    guard switches.has("STOREKEY") else {
      throw CommandError(
        .usage, "IMPORT ROOT CA needs /STOREKEY: a root CA without its private key cannot issue certificates")
    }
    let (key, certificates) = try bundle(switches)
    let authority = try CertificateAuthority(certificate: certificates[0], key: key)
    let isDefault = switches.has("MAKEDEFAULT")
    try registry.update { record, transaction in
      try transaction.add(authority)
      if isDefault { record.defaultRoot = authority.certificate.sha256Thumbprint }
    }
    return CommandAnswer(
      ["Root CA imported"] + facts(authority.certificate, isDefault: isDefault), warnings: [stillThere(switches)])
  }

  /// Executes IMPORT EXEC CERT.
  func importConnectorCertificate(_ switches: Switches) throws -> CommandAnswer {
    let (key, certificates) = try bundle(switches)
    let certificate = certificates[0]
    let file = switches.required("FILENAME")
    if certificate.isCA {
      throw CommandError(.data, "\(file): holds a CA's certificate; import it with IMPORT ROOT CA")
    }
    if let usage = certificate.extendedKeyUsage, usage.isDisjoint(with: [.clientAuthentication, .any]) {
      throw CommandError(.data, "\(file): \(certificate.subject) is not for clients, so it cannot be a connector's")
    }
    if let issuer = certificates.dropFirst().first(where: { certificate.isIssued(by: $0) }), !issuer.isSelfSigned {
      throw CommandError(
        .data,
        "\(file): \(certificate.subject) was issued by the intermediate CA \(issuer.subject), which this scheduler could not present to "
          + "agents: use a connector certificate that a root CA has issued, such as CREATE EXEC CONNECTOR CERT makes")
    }
    let isDefault = switches.has("MAKEDEFAULT")
    let root = certificates.dropFirst().first { certificate.isIssued(by: $0) }
    let (isIssuedHere, isNew) = try registry.update { record, transaction in
      let isIssuedHere = try catalog(transaction.before).roots.contains { certificate.isIssued(by: $0) }
      // Without its private key: an operator, or a standby that issues nothing, only has to know its agents.
      if let root, !isIssuedHere { try transaction.add(root, to: .roots) }
      try transaction.add(certificate, key)
      if isDefault { record.defaultConnector = certificate.sha256Thumbprint }
      return (isIssuedHere || root != nil, !isIssuedHere)
    }
    let trusted = isNew ? root.map { ["agents of its root CA are trusted now: \($0.subject)"] } ?? [] : []
    return CommandAnswer(
      ["Executor certificate imported"] + facts(certificate, isDefault: isDefault) + trusted,
      warnings: [stillThere(switches)]
        + (isIssuedHere ? [] : ["its issuer \(certificate.issuer) is not here: import that with IMPORT ROOT CA"]))
  }

  private func stillThere(_ switches: Switches) -> String {
    "\(switches.required("FILENAME")): still holds the private key; delete it"
  }

  /// Reads a private key and certificates, its own first, from PKCS#12 or PEM.
  private func bundle(_ switches: Switches) throws -> (key: PrivateKey, certificates: [Certificate]) {
    let file = switches.required("FILENAME")
    let contents = try SourceFile.read(file, limit: Bundle.maximumBytes).bytes
    do {
      let bundle = try Bundle(contents) { try password(switches) }
      guard let key = bundle.key, let own = bundle.certificates.first(where: { $0.matches(key) }) else {
        throw CommandError(
          .data, "\(file): holds no certificate with its private key; export it again, with the key")
      }
      return (key, [own] + bundle.certificates.filter { $0 != own })
    } catch ImportRefusal.passwordNeeded {
      throw CommandError(.data, "\(file): is encrypted; /PROMPT asks for its password")
    } catch let refusal as ImportRefusal {
      throw CommandError(.data, "\(file): \(refusal)")
    }
  }
}
