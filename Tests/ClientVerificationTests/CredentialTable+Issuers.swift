import ClientVerification
import TestCertificates

/// What is required of a client's certificate is required of every issuer, including the imported root.
let refusedIssuers: [CredentialCase] = [
  .init("intermediate with RSA 1024", refused: "its issuer CN=Weak CA", broken: .weakKey) {
    try $0.client(by: $0.authority("Weak CA", by: $0.root) { $0.key = .rsa1024 })
  },
  .init("imported root with RSA 1024", refused: "has too weak a key (RSA 1024)", broken: .weakKey) { fixture in
    try fixture.client(below: "Weak Root") { $0.key = .rsa1024 }
  },
  .init("Ed448", refused: "has a key that TLS does not use here (Ed448)", .none, broken: .unusableKey) {
    try $0.client { $0.key = .ed448 }
  },
  .init("P-224", refused: "has a key that TLS does not use here (P-224)", .none, broken: .unusableKey) {
    try $0.client { $0.key = .p224 }
  },
  .init("brainpool", refused: "TLS does not use here (brainpoolP256r1)", .none, broken: .unusableKey) {
    try $0.client { $0.key = .brainpool }
  },
  .init("the curve of Bitcoin", refused: "TLS does not use here (secp256k1)", .none, broken: .unusableKey) {
    try $0.client { $0.key = .secp256k1 }
  },
  .init("P-192", refused: "has too weak a key (P-192)", broken: .weakKey) { try $0.client { $0.key = .p192 } },
  .init("intermediate signed with SHA-1", refused: "its issuer CN=SHA-1 CA", broken: .weakDigest) {
    try $0.client(by: $0.authority("SHA-1 CA", by: $0.root) { $0.digest = "sha1" })
  },
  .init("imported root expired", refused: "its issuer CN=Old Root", broken: .expired) { fixture in
    try fixture.client(below: "Old Root") { ($0.notBefore, $0.notAfter) = (-864_000, -7200) }
  },
  .init("intermediate not yet valid", refused: "its issuer CN=Early CA", broken: .notYetValid) {
    try $0.client(by: $0.authority("Early CA", by: $0.root) { $0.notBefore = 86400 })
  },
  .init(
    "version 1 intermediate", refused: "is a version 1 certificate, which cannot be a CA's", broken: .notAnAuthority
  ) {
    try $0.client(.bare, by: $0.pki.issue(CertificateRecipe("/CN=Version 1 CA", .bare), by: $0.root))
  },
  .init(
    "version 1 root, imported", refused: "is a version 1 certificate, which cannot be a CA's", broken: .notAnAuthority
  ) {
    fixture in
    let root = try fixture.pki.issue(CertificateRecipe("/CN=Version 1 Root", .bare), by: nil)
    return try fixture.client(.bare, by: root).with { $0.roots = [root] }
  },
  .init("imported root without the right to sign", refused: "not allowed to issue", broken: .notAnAuthority) {
    fixture in
    try fixture.client(below: "Unentitled Root") { $0.extensions = ["keyUsage = critical, cRLSign"] }
  },
  .init("root's path length exceeded", refused: "more CAs in its chain than CN=Short Root", broken: .pathLengthExceeded)
  {
    fixture in
    let root = try fixture.authority("Short Root", by: nil) {
      $0.extensions = ["basicConstraints = critical, CA:TRUE, pathlen:0"]
    }
    return try fixture.client(by: fixture.pki.intermediate("Below Short Root", by: root)).with { $0.roots = [root] }
  },
  .init("path length given without CA", refused: "is not acceptable", broken: .other) {
    try $0.client { $0.extensions = ["basicConstraints = critical, CA:FALSE, pathlen:0"] }
  },
  .init("unknown critical extension of an intermediate", refused: "CN=Odd CA", broken: .unknownCriticalExtension) {
    try $0.client(
      by: $0.authority("Odd CA", by: $0.root) { $0.extensions = ["1.3.6.1.4.1.55555.1 = critical, ASN1:UTF8String:x"] })
  },
  .init("unknown critical extension of the root", refused: "CN=Odd Root", broken: .unknownCriticalExtension) {
    fixture in
    try fixture.client(below: "Odd Root") { $0.extensions = ["1.3.6.1.4.1.55555.1 = critical, ASN1:UTF8String:x"] }
  },
  .init("intermediate for code signing", refused: "CN=Code CA", broken: .wrongPurpose) {
    try $0.client(by: $0.authority("Code CA", by: $0.root) { $0.extensions = ["extendedKeyUsage = codeSigning"] })
  },
  .init("root for servers only", refused: "its issuer CN=Server Root", broken: .wrongPurpose) { fixture in
    try fixture.client(below: "Server Root") { $0.extensions = ["extendedKeyUsage = serverAuth"] }
  },
  .init("any purpose and not clients by name", refused: "lacks client authentication", broken: .wrongPurpose) {
    try $0.client { $0.extensions = ["extendedKeyUsage = anyExtendedKeyUsage"] }
  },
  .init("key agreement without signatures", refused: "lacks digital signature", .none, broken: .wrongPurpose) {
    try $0.client { $0.extensions = ["keyUsage = critical, keyAgreement"] }
  },
  .init("excluded e-mail address", refused: "name constraints do not allow", broken: .nameConstraint) { fixture in
    let issuer = try fixture.authority("Choosy", by: fixture.root) {
      $0.extensions = ["nameConstraints = critical, excluded;email:example.com"]
    }
    return try fixture.client(by: issuer) { $0.extensions = ["subjectAltName = email:a@example.com"] }
  },
  .init("address outside the root's name constraints", refused: "name constraints do not", broken: .nameConstraint) {
    fixture in
    let root = try fixture.authority("Choosy Root", by: nil) {
      $0.extensions = ["nameConstraints = critical, permitted;IP:10.0.0.0/255.0.0.0"]
    }
    let issuer = try fixture.pki.intermediate("Below Choosy Root", by: root)
    return try fixture.client(by: issuer) { $0.extensions = ["subjectAltName = IP:192.0.2.1"] }
      .with { $0.roots = [root] }
  },
  .init("intermediate with explicit curve parameters", refused: "explicit ECC parameters", broken: .other) {
    try $0.client(by: $0.authority("Explicit CA", by: $0.root) { $0.key = .p256Explicit })
  },
  .init("alternative names that cannot be read", refused: "has extensions that cannot be read", broken: .malformed) {
    // SEQUENCE { [2] of ten bytes, only one of which exists }
    try $0.client { $0.extensions = ["subjectAltName = DER:30:03:82:0A:61"] }
  },
  .init("path length below nought", refused: "has extensions that cannot be read", broken: .malformed) {
    // SEQUENCE { TRUE, -1 }
    try $0.client { $0.extensions = ["basicConstraints = critical, DER:30:06:01:01:FF:02:01:FF"] }
  },
  .init("list that is not valid yet", refused: "is unusable", broken: .revocationListUnusable) { fixture in
    try fixture.client().with {
      $0.revocationLists = [
        try fixture.pki.revocationList(by: fixture.root, revoking: [], thisUpdate: 3600, nextUpdate: 7200)
      ]
    }
  },
]
