import ClientVerification
import TestCertificates

let acceptedCredentials: [CredentialCase] = [
  .init(accepted: "good with P-256") { try $0.client() },
  .init(accepted: "good with P-384") { try $0.client { $0.key = .p384 } },
  .init(accepted: "good with P-521") { try $0.client { $0.key = .p521 } },
  .init(accepted: "good with RSA 2048") { try $0.client { $0.key = .rsa2048 } },
  .init(accepted: "good with RSA-PSS") { try $0.client { $0.key = .rsaPSS } },
  .init(accepted: "good with Ed25519") { try $0.client { $0.key = .ed25519 } },
  .init(accepted: "issued by an intermediate, presented") { try $0.client(by: $0.intermediate) },
  .init(accepted: "no purpose named") { try $0.client(.anyPurpose) },
  .init(accepted: "client and server purpose") { try $0.client(.both) },
  .init(accepted: "no extensions at all") { try $0.client(.bare) },
  .init(accepted: "chain of 8 certificates") { try $0.client(by: $0.ladder(6)) },
  .init(accepted: "an unrelated certificate among the presented") { fixture in
    try fixture.client().with {
      $0.certificates += try Presented(fixture.pki.root("Unrelated")).certificates
    }
  },
  .init(accepted: "root as made by `openssl req -x509` with few extensions", .none) { fixture in
    let root = try fixture.authority("Plain Root", by: nil) {
      $0.extensions = ["basicConstraints = CA:TRUE", "keyUsage = keyCertSign"]
    }
    return try fixture.client(by: root).with { $0.roots = [root] }
  },
  .init(accepted: "name within name constraints") { fixture in
    let issuer = try fixture.authority("Constrained", by: fixture.root) {
      $0.extensions = ["nameConstraints = critical, permitted;DNS:example.org"]
    }
    return try fixture.client(by: issuer) { $0.extensions = ["subjectAltName = DNS:a.example.org"] }
  },
  .init(accepted: "as many CAs as the root's path length allows") { fixture in
    let root = try fixture.authority("Roomy Root", by: nil) {
      $0.extensions = ["basicConstraints = critical, CA:TRUE, pathlen:1"]
    }
    return try fixture.client(by: fixture.pki.intermediate("Only Rung", by: root)).with { $0.roots = [root] }
  },
  .init(accepted: "issuer for clients only") { fixture in
    try fixture.client(
      by: fixture.authority("Client CA", by: fixture.root) { $0.extensions = ["extendedKeyUsage = clientAuth"] })
  },
  .init(accepted: "another certificate of the issuer is revoked") { fixture in
    let other = try fixture.pki.client("other", by: fixture.root)
    return try fixture.client().with {
      $0.revocationLists = [try fixture.pki.revocationList(by: fixture.root, revoking: [other])]
    }
  },
  .init(accepted: "out-of-date list, by choice", .none) { fixture in
    try fixture.client().with {
      $0.revocationLists = [
        try fixture.pki.revocationList(by: fixture.root, revoking: [], thisUpdate: -7200, nextUpdate: -3600)
      ]
      $0.expiredRevocationLists = .accept
    }
  },
  .init(accepted: "list of another CA with the same name", .none) { fixture in
    let namesake = try fixture.authority("Gate Root", by: nil) { $0.variant = 1 }
    return try fixture.client().with {
      $0.revocationLists = [try fixture.pki.revocationList(by: namesake, revoking: [])]
    }
  },
  .init(accepted: "two common names") { try $0.client { $0.subject = "/CN=admin/CN=client" } },
  .init(accepted: "full distinguished name of Active Directory") {
    try $0.client { $0.subject = "/DC=example/DC=corp/CN=Users/CN=svc-jobs" }
  },
  .init(accepted: "three common names of a grid") {
    try $0.client { $0.subject = "/DC=ch/DC=cern/OU=Users/CN=jdoe/CN=123456/CN=J. Doe" }
  },
  .init(accepted: "the same common name twice") { try $0.client { $0.subject = "/CN=client/CN=client" } },
  .init(accepted: "two common names in one part") { try $0.client { $0.subject = "/CN=client+CN=admin" } },
  .init(accepted: "Netscape type of a client") { try $0.client(.bare) { $0.extensions = ["nsCertType = client"] } },
]

let refusedCredentials: [CredentialCase] = [
  .init("self-signed", refused: "is self-signed and not an imported root") { fixture in
    try Presented(fixture.pki.issue(CertificateRecipe("/CN=client", .client), by: nil))
  },
  .init("other root", refused: "CN=Other Root is neither imported here nor sent") { fixture in
    try fixture.client(by: fixture.pki.root("Other Root"))
  },
  .init("other root, presented", refused: "chains to CN=Other Root") { fixture in
    let root = try fixture.pki.root("Other Root")
    return try fixture.client(by: root).with { $0.certificates += try Presented(root).certificates }
  },
  .init("root of the same name, other key", refused: "an imported root has the name CN=Gate Root, but another key") {
    fixture in
    try fixture.client(by: fixture.authority("Gate Root", by: nil) { $0.variant = 1 })
  },
  .init("root of the same name, other key, presented", refused: "has the name of an imported root but another key") {
    fixture in
    let root = try fixture.authority("Gate Root", by: nil) { $0.variant = 1 }
    return try fixture.client(by: root).with { $0.certificates += try Presented(root).certificates }
  },
  .init("root of the same name, no key identifiers", refused: "has a signature that does not match its issuer's key") {
    fixture in
    try fixture.client(.bare, by: fixture.authority("Gate Root", by: nil) { $0.variant = 1 })
  },
  .init("forged signature", refused: "has a signature that does not match its issuer's key") {
    try $0.forged($0.client())
  },
  .init("expired", refused: "expired 3 days ago (20") {
    try $0.client {
      $0.notBefore = -864_000; $0.notAfter = -259_201
    }
  },
  .init("not yet valid", refused: "is not valid for another 1 hour (until 20") {
    try $0.client { $0.notBefore = 7000 }
  },
  .init("server-only purpose", refused: "is not for clients: its extended key usage is server") {
    try $0.client(.server)
  },
  .init("code-signing purpose", refused: "its extended key usage lacks client authentication") {
    try $0.client { $0.extensions = ["extendedKeyUsage = codeSigning"] }
  },
  .init("key usage without signatures", refused: "its key usage lacks digital signature") {
    try $0.client {
      $0.extensions = ["keyUsage = critical, keyEncipherment"]; $0.key = .rsa2048
    }
  },
  .init("missing intermediate", refused: "CN=Gate Intermediate is neither imported here nor sent") {
    try $0.client(by: $0.intermediate).leafOnly
  },
  .init("expired intermediate", refused: "its issuer CN=Old Intermediate") { fixture in
    try fixture.client(
      by: fixture.authority("Old Intermediate", by: fixture.root) {
        $0.notBefore = -864_000
        $0.notAfter = -7200
      })
  },
  .init("issued by a client", refused: "which is not allowed to issue certificates") { fixture in
    try fixture.client(by: fixture.pki.client("no CA", by: fixture.root))
  },
  .init("issuer without the right to sign certificates", refused: "which is not allowed to issue certificates") {
    fixture in
    try fixture.client(
      by: fixture.authority("Unentitled", by: fixture.root) {
        $0.extensions = ["keyUsage = critical, cRLSign"]
      })
  },
  .init("issuer for servers only", refused: "its issuer CN=Server CA") { fixture in
    try fixture.client(
      by: fixture.authority("Server CA", by: fixture.root) {
        $0.extensions = ["extendedKeyUsage = serverAuth"]
      })
  },
  .init("path length exceeded", refused: "more CAs in its chain than CN=Short (sha256") { fixture in
    let short = try fixture.authority("Short", by: fixture.root) {
      $0.extensions = ["basicConstraints = critical, CA:TRUE, pathlen:0"]
    }
    return try fixture.client(by: fixture.pki.intermediate("Below Short", by: short))
  },
  .init("chain of 9 certificates", refused: "a chain of more than 8 certificates", .none) {
    try $0.client(by: $0.ladder(7))
  },
  .init("RSA 1024", refused: "has too weak a key (RSA 1024)") { try $0.client { $0.key = .rsa1024 } },
  .init("signed with SHA-1", refused: "is signed with too weak a digest") { try $0.client { $0.digest = "sha1" } },
  .init("name outside name constraints", refused: "name constraints do not allow") { fixture in
    let issuer = try fixture.authority("Constrained", by: fixture.root) {
      $0.extensions = ["nameConstraints = critical, permitted;DNS:example.org"]
    }
    return try fixture.client(by: issuer) { $0.extensions = ["subjectAltName = DNS:a.example.com"] }
  },
  .init("unknown critical extension", refused: "has an unknown critical extension") {
    try $0.client { $0.extensions = ["1.3.6.1.4.1.55555.1 = critical, ASN1:UTF8String:x"] }
  },
  .init("revoked", refused: "was revoked on 20") { fixture in
    let client = try fixture.pki.client("revoked", by: fixture.root)
    return try Presented(client).with {
      $0.revocationLists = [try fixture.pki.revocationList(by: fixture.root, revoking: [client])]
    }
  },
  .init("intermediate revoked", refused: "its issuer CN=Gate Intermediate") { fixture in
    try fixture.client(by: fixture.intermediate).with {
      $0.revocationLists = [try fixture.pki.revocationList(by: fixture.root, revoking: [fixture.intermediate])]
    }
  },
  .init("out-of-date list", refused: "the revocation list of CN=Gate Root expired") { fixture in
    try fixture.client().with {
      $0.revocationLists = [
        try fixture.pki.revocationList(by: fixture.root, revoking: [], thisUpdate: -7200, nextUpdate: -3600)
      ]
    }
  },
  .init("Netscape type of a server", refused: "its Netscape certificate type (nsCertType) lacks SSL client") {
    try $0.client(.bare) { $0.extensions = ["nsCertType = server"] }
  },
  .init("Netscape type of mail, and clients as purpose", refused: "its Netscape certificate type (nsCertType) lacks") {
    try $0.client { $0.extensions = ["nsCertType = email"] }
  },
  .init("Netscape type and key usage for encryption", refused: "its key usage lacks digital signature") {
    try $0.client {
      $0.extensions = ["keyUsage = critical, keyEncipherment", "nsCertType = server"]; $0.key = .rsa2048
    }
  },
  .init("NUL in an alternative name", refused: "it contains a NUL character", .none) {
    // SEQUENCE { [2] "a\0b" }
    try $0.client { $0.extensions = ["subjectAltName = DER:30:05:82:03:61:00:62"] }
  },
  .init("e-mail address that is not ASCII", refused: "not valid in its encoding", .none) {
    // SEQUENCE { [1] "a" C3 }
    try $0.client { $0.extensions = ["subjectAltName = DER:30:04:81:02:61:C3"] }
  },
]
