import CertificateImport
import ClientVerification
import OpenSSL
import SystemCalls
import TestCertificates

/// Files that an administrator imports, and certificates as sent by clients.
let certificateTargets = [
  FuzzTarget("pem-import", atMost: 16384, words: pemWords, seeds: { try pemSeeds() }) { try checkImport($0) },
  FuzzTarget("pkcs12-import", atMost: 8192, seeds: { try containerSeeds() }) { try checkImport($0) },
  FuzzTarget("der", atMost: 8192, words: derWords, seeds: { try certificates().map(\.der) + revocationLists() }) {
    input in
    if let certificate = try? Certificate(der: input) { try check(certificate) }
    try check(try input.withUnsafeBytes { try RevocationList(der: $0) })
  },
]

private func checkImport(_ input: [UInt8]) throws {
  let password = SecretBytes(copying: "password".utf8)
  var asked = 0
  do {
    let bundle = try Bundle(SecretBytes(copying: input)) {
      asked += 1
      return password
    }
    promise(!(bundle.certificates.isEmpty && bundle.revocationLists.isEmpty), "what is read is of use")
    promise(Set(bundle.certificates).count == bundle.certificates.count, "each certificate is there once")
    for certificate in bundle.certificates { try check(certificate) }
    for list in bundle.revocationLists { try check(list) }
    _ = try bundle.key?.pkcs8PEM()
  } catch let refusal as ImportRefusal {
    promise(isOnePrintableLine("\(refusal)"), "a refusal is one line: \("\(refusal)".debugDescription)")
  }
  promise(asked <= 1, "the password is asked for once")
}

private func check(_ certificate: Certificate) throws {
  let again = try Certificate.all(inPEM: Array(certificate.pem.utf8))
  promise(again == [certificate] && again[0].der == certificate.der, "a certificate is read as it was written")
  promise(
    certificate.sha256Thumbprint != .unknown && certificate.sha1Thumbprint.utf8.count == 40, "it has thumbprints")
  let texts = [
    certificate.subject, certificate.issuer, certificate.description, certificate.keyDescription,
    certificate.serialNumber,
  ]
  for text in texts { promise(isOnePrintableLine(text), "names are printable: \(text.debugDescription)") }
  _ = (certificate.commonName, certificate.notBefore, certificate.notAfter, certificate.isSelfSigned, certificate.isCA)
  _ = (
    certificate.nameFault, certificate.subjectAlternativeNames, certificate.extendedKeyUsage,
    certificate.allowsDigitalSignature
  )
  promise(
    certificate.isIssued(by: certificate) == certificate.isSelfSigned || !certificate.isSelfSigned,
    "self-signed is issued by itself")
}

private func check(_ list: RevocationList) throws {
  let again = try PEMBlock.all(in: Array(list.pem.utf8)).map { try RevocationList(pem: $0) }
  promise(again.map(\.sha256Thumbprint) == [list.sha256Thumbprint], "a list is read as it was written")
  promise(isOnePrintableLine(list.issuer), "its issuer is printable: \(list.issuer.debugDescription)")
  _ = (list.thisUpdate, list.nextUpdate, list.number, list.revokedCount, list.sha1Thumbprint)
}

/// Control characters could start a second line or control a terminal.
func isOnePrintableLine(_ text: String) -> Bool {
  !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
}

private func certificates() throws -> [Certificate] {
  let pki = PKI.shared
  let root = try pki.root()
  let names = CertificateRecipe("/CN=cl\u{EF}ent/O=Example\\/x/emailAddress=a@example.org", .client).with {
    $0.extensions = [
      "subjectAltName = DNS:a.example, IP:::1, URI:urn:x, email:a@example.org, otherName:1.2.3;UTF8:x, dirName:dir",
      "[dir]", "CN = d",
    ]
  }
  let keys: [CertificateRecipe.Key] = [.p384, .ed25519, .rsa2048]
  return try [root, pki.client("client", by: root), pki.server(by: root)].map(certificate)
    + keys.map { key in try certificate(pki.issue(CertificateRecipe("/CN=k", .client).with { $0.key = key }, by: root))
    }
    + [certificate(pki.issue(names, by: root))]
}

func certificate(_ credential: Credential) throws -> Certificate {
  try Certificate.all(inPEM: Array(credential.certificatePEM.utf8))[0]
}

private func revocationLists() throws -> [[UInt8]] {
  let pki = PKI.shared
  let root = try pki.root()
  let path = try pki.revocationList(by: root, revoking: [pki.client("revoked", by: root)], number: 300)
  return [try converted(["crl", "-in", path, "-outform", "DER"])]
}

private func pemSeeds() throws -> [[UInt8]] {
  let pki = PKI.shared
  let root = try pki.root()
  let client = try pki.client("client", by: pki.intermediate("Intermediate", by: root))
  let key = ["pkey", "-in", client.keyPath, "-aes256", "-passout", "pass:password"]
  return [
    try read(client.bundlePath), try read(try pki.revocationList(by: root, revoking: [])),
    try converted(key) + read(client.certificatePath),
    try converted(key + ["-traditional"]) + read(client.certificatePath),
  ]
}

private func containerSeeds() throws -> [[UInt8]] {
  let pki = PKI.shared
  let client = try pki.client("client", by: pki.root())
  let container = ["pkcs12", "-export", "-inkey", client.keyPath, "-in", client.chainPath, "-iter", "1"]
  return [
    try converted(container + ["-passout", "pass:password"]), try converted(container + ["-passout", "pass:"]),
    try converted(container + ["-passout", "pass:password", "-nomaciter", "-keypbe", "NONE", "-certpbe", "NONE"]),
    try converted(container + ["-passout", "pass:password", "-legacy"]), try certificate(client).der,
  ]
}

/// The output file of an `openssl` command.
private func converted(_ arguments: [String]) throws -> [UInt8] {
  let path = "\(try PKI.shared.scratchFolder())/out"
  try OpenSSLTool.run(arguments + ["-out", path], scratch: PKI.shared.folder)
  return try read(path)
}

private func read(_ path: String) throws -> [UInt8] { try DurableFile.read(path, limit: 1 << 20) }

private let pemWords = [
  "-----BEGIN ", "-----END ", "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CRL", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
  "EC PRIVATE KEY",
  "RSA PRIVATE KEY", "-----\n", "-----\r\n", "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,", "\u{FEFF}", "PKCS7",
  "EC PARAMETERS",
]

private let derWords = [
  "\u{30}\u{30}", "\u{13}", "\u{1E}", "\u{1C}", "\u{C}", "\u{18}99991231235959Z", "\u{17}", "\u{2}\u{1}\u{0}",
  "\u{1}\u{1}",
  "\u{6}\u{3}U\u{4}\u{3}", "\u{6}\u{3}U\u{1D}\u{11}", "\u{6}\u{3}U\u{1D}\u{13}", "\u{6}\u{3}U\u{1D}\u{25}",
]
