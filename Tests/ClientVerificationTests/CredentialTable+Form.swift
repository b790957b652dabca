import ClientVerification
import OpenSSL
import SystemCalls
import TestCertificates

/// Points of RFC 5280 that OpenSSL accepts by default, each with a valid client for comparison.
let refusedForms: [CredentialCase] =
  [
    // Each extension as `openssl` writes it, followed by NULL.
    ("basicConstraints = critical, DER:30:00:05:00", "basicConstraints"),
    ("keyUsage = critical, DER:03:02:07:80:05:00", "keyUsage"),
    ("extendedKeyUsage = DER:30:0A:06:08:2B:06:01:05:05:07:03:02:05:00", "extendedKeyUsage"),
    ("subjectAltName = DER:30:03:82:01:61:05:00", "subjectAltName"),
    ("subjectKeyIdentifier = DER:04:01:61:00", "subjectKeyIdentifier"),
    ("certificatePolicies = DER:30:07:30:05:06:03:2A:03:04:00", "certificatePolicies"),
    ("crlDistributionPoints = DER:30:00:30:00", "crlDistributionPoints"),
  ].map { line, name in
    CredentialCase(
      "bytes after the end of \(name)", refused: "bytes follow the end of its extension", .none, broken: .malformed
    ) {
      try $0.client { $0.extensions = [line] }
    }
  } + [
    .init("bytes after an issuer's name constraints", refused: "bytes follow", .none, broken: .malformed) { fixture in
      // SEQUENCE { [0] { SEQUENCE { [2] "a" } } }, NULL
      try fixture.client(
        by: fixture.authority("Long CA", by: fixture.root) {
          $0.extensions = ["nameConstraints = critical, DER:30:07:A0:05:30:03:82:01:61:05:00"]
        }
      ) { $0.extensions = ["subjectAltName = DNS:b.a"] }
    },
    .init("client without a policy below a CA that asks for one", refused: "no explicit policy", .none) { fixture in
      try fixture.client(
        by: fixture.authority("Policy CA", by: fixture.root) {
          $0.extensions = ["policyConstraints = critical, requireExplicitPolicy:0", "certificatePolicies = 1.2.3.4"]
        })
    },
    .init("name constraints of a client", refused: "has name constraints, and is not a CA's", .none, broken: .malformed)
    {
      try $0.client { $0.extensions = ["nameConstraints = critical, permitted;DNS:example.org"] }
    },
    .init("name constraints without an entry", refused: "its name constraints are empty", .none, broken: .malformed) {
      try $0.constrained("nameConstraints = critical, DER:30:00")
    },
    .init("permitted names without an entry", refused: "its name constraints are empty", .none, broken: .malformed) {
      try $0.constrained("nameConstraints = critical, DER:30:02:A0:00")
    },
    .init("excluded names without an entry", refused: "its name constraints are empty", .none, broken: .malformed) {
      try $0.constrained("nameConstraints = critical, DER:30:02:A1:00")
    },
    .init("NULL for name constraints", refused: "issuer", .none) {
      try $0.constrained("nameConstraints = critical, DER:05:00")
    },
    .init("CA that may not sign certificates, as a client", refused: "the other does not", .none, broken: .malformed) {
      try $0.client { $0.extensions = ["basicConstraints = critical, CA:TRUE"] }
    },
    .init("client that may sign certificates and is no CA", refused: "the other does not", broken: .malformed) {
      try $0.client { $0.extensions = ["keyUsage = critical, digitalSignature, keyCertSign"] }
    },
    .init(
      "client that may sign certificates and says nothing of a CA", refused: "the other does not", .none,
      broken: .malformed
    ) {
      try $0.client(.bare) { $0.extensions = ["keyUsage = critical, digitalSignature, keyCertSign"] }
    },
  ]
  + [
    ("excluded;DNS:a.example.org", "DNS:*.example.org"), ("excluded;DNS:.a.example.org", "DNS:*.example.org"),
    ("excluded;DNS:A.Example.org", "DNS:*.eXample.ORG"), ("excluded;DNS:a.example.org", "DNS:w*.example.org"),
    ("excluded;DNS:a.example.org", "DNS:a.example.org."), ("permitted;DNS:example.org", "DNS:a..example.org"),
    ("permitted;DNS:example.org", "DNS:a.*.example.org"), ("permitted;DNS:example.org", "DNS:a b.example.org"),
    ("permitted;email:example.org", "email:a@b@example.org"), ("permitted;email:example.org", "email:@example.org"),
    ("permitted;email:example.org", "email:a b@example.org"), ("permitted;email:example.org", "email:a..b@example.org"),
    ("permitted;email:example.org", "email:a"), ("permitted;email:example.org", "email:a@example.org."),
    ("permitted;URI:example.org", "URI:https://example.org@192.0.2.1/"),
    ("permitted;URI:.example.org", "URI:https://a.example.org:x@elsewhere.example/"),
    ("excluded;URI:example.org", "URI:urn:x"), ("excluded;URI:example.org", "URI:https://192.0.2.1/"),
  ].map { constraint, name in
    CredentialCase(
      "\(name) under \(constraint)", refused: "name constraints do not allow", .none, broken: .nameConstraint
    ) {
      try $0.constrained("nameConstraints = critical, \(constraint)", name: name)
    }
  }

let acceptedForms: [CredentialCase] =
  [
    ("excluded;DNS:a.example.org", "DNS:b.example.org"), ("excluded;DNS:a.b.example.org", "DNS:*.example.org"),
    ("excluded;DNS:a.example.com", "DNS:*.example.org"), ("permitted;DNS:example.org", "DNS:*.example.org"),
    ("permitted;DNS:example.org", "DNS:a_b.example.org"), ("permitted;email:example.org", "email:a.b+c@example.org"),
    ("permitted;URI:example.org", "URI:https://example.org:8443/path?a@b"),
    // The constraints are for another kind of name.
    ("permitted;DNS:example.org", "email:a@b@c"), ("excluded;email:example.org", "DNS:a.example.org."),
  ].map { constraint, name in
    CredentialCase(accepted: "\(name) under \(constraint)", .none) {
      try $0.constrained("nameConstraints = critical, \(constraint)", name: name)
    }
  } + [
    .init(accepted: "client of the policy that its CA asks for", .none) { fixture in
      try fixture.client(
        by: fixture.authority("Policy CA", by: fixture.root) {
          $0.extensions = ["policyConstraints = critical, requireExplicitPolicy:0", "certificatePolicies = 1.2.3.4"]
        }
      ) { $0.extensions = ["certificatePolicies = 1.2.3.4"] }
    },
    .init(accepted: "CA with the right to sign certificates, as a client", .none) {
      try $0.client {
        $0.extensions = ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, digitalSignature, keyCertSign"]
      }
    },
    .init(accepted: "client that says that it is no CA in as many words", .none) {
      // SEQUENCE { FALSE }, which is not valid DER but common.
      try $0.client { $0.extensions = ["basicConstraints = critical, DER:30:03:01:01:00"] }
    },
    .init(accepted: "bytes of another form in an extension that decides nothing", .none) {
      try $0.client { $0.extensions = ["1.3.6.1.4.1.55555.2 = DER:61:62:63"] }
    },
  ]

extension Fixture {
  /// The certificate with another version, signed again by its issuer.
  fileprivate func signedAgain(_ credential: Credential, version: UInt8) throws -> Certificate {
    let der = try Certificate.all(inPEM: Array(credential.certificatePEM.utf8))[0].der
    var body = Self.element(at: Self.header(of: der[...]), of: der)
    let algorithm = Self.element(at: Self.header(of: der[...]) + body.count, of: der)
    // SEQUENCE header, [0] { INTEGER version }
    body[Self.header(of: body[...]) + 4] = version
    let folder = try pki.scratchFolder()
    try DurableFile.replace("\(folder)/body", with: body, mode: 0o600)
    let issuer = credential.issuer ?? credential
    try pki.openssl("dgst", "-sha256", "-sign", issuer.keyPath, "-out", "\(folder)/signature", "\(folder)/body")
    let signature = [0] + (try DurableFile.read("\(folder)/signature", limit: 1024))
    let contents = body + algorithm + [0x03, UInt8(signature.count)] + signature
    return try Certificate(der: [0x30, 0x82, UInt8(contents.count >> 8), UInt8(contents.count & 0xff)] + contents)
  }

  /// The length of tag and length, in bytes.
  private static func header(of element: ArraySlice<UInt8>) -> Int {
    let length = element[element.startIndex + 1]
    return length < 0x80 ? 2 : 2 + Int(length & 0x7f)
  }

  private static func element(at start: Int, of bytes: [UInt8]) -> [UInt8] {
    let header = header(of: bytes[start...])
    let digits = header == 2 ? bytes[(start + 1)..<(start + 2)] : bytes[(start + 2)..<(start + header)]
    return Array(bytes[start..<(start + header + digits.reduce(0) { $0 << 8 | Int($1) })])
  }

  /// A client of a CA with these constraints.
  fileprivate func constrained(_ constraints: String, name: String = "DNS:a.example.org") throws -> Presented {
    let issuer = try authority("Constrained CA", by: root) { $0.extensions = [constraints] }
    return try client(by: issuer) { $0.extensions = ["subjectAltName = \(name)"] }
  }
}
