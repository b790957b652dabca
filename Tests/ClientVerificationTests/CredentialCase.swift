import ClientVerification
import OpenSSL
import SystemCalls
import TestCertificates
import Testing

/// A row of the table: a client's certificate and the gate's verdict.
struct CredentialCase: Sendable, CustomTestStringConvertible {
  /// The expected result of OpenSSL's own `verify`, where it applies.
  enum SecondOpinion: Sendable {
    case same
    /// The gate is stricter, or uses information that `verify` does not get.
    case none
  }

  let name: String
  let make: @Sendable (Fixture) throws -> Presented
  /// Nil for a client that is admitted; otherwise words from the refusal.
  let refusal: String?
  var secondOpinion = SecondOpinion.same
  /// The rule that refuses the client, if the row specifies it.
  var rule: Breach.Rule?

  var testDescription: String { name }

  init(
    accepted name: String, _ secondOpinion: SecondOpinion = .same,
    _ make: @escaping @Sendable (Fixture) throws -> Presented
  ) {
    (self.name, self.make, refusal, self.secondOpinion) = (name, make, nil, secondOpinion)
  }

  init(
    _ name: String, refused refusal: String, _ secondOpinion: SecondOpinion = .same, broken rule: Breach.Rule? = nil,
    _ make: @escaping @Sendable (Fixture) throws -> Presented
  ) {
    (self.name, self.make, self.refusal, self.secondOpinion) = (name, make, refusal, secondOpinion)
    self.rule = rule
  }
}

/// The certificates that a client presents, in PEM: its own first, then others.
struct Presented: Sendable {
  var certificates: [Certificate]
  /// The roots that the gate trusts; empty for the fixture's root.
  var roots: [Credential] = []
  /// The paths of the gate's revocation lists.
  var revocationLists: [String] = []
  var expiredRevocationLists = ClientVerifier.ExpiredRevocationLists.refuse

  init(_ credential: Credential) throws {
    certificates = try Certificate.all(inPEM: DurableFile.read(credential.chainPath, limit: 1 << 20))
  }

  /// A copy without the certificates after the first.
  var leafOnly: Presented {
    var copy = self
    copy.certificates = [certificates[0]]
    return copy
  }

  func with(_ change: (inout Presented) throws -> Void) rethrows -> Presented {
    var copy = self
    try change(&copy)
    return copy
  }
}

/// The PKI of the table.
struct Fixture: Sendable {
  let pki = PKI.shared
  /// The imported root.
  let root: Credential
  /// A CA below it.
  let intermediate: Credential

  init() throws {
    root = try pki.root("Gate Root")
    intermediate = try pki.intermediate("Gate Intermediate", by: root)
  }

  func client(
    _ role: CertificateRecipe.Role = .client, by issuer: Credential? = nil,
    _ change: (inout CertificateRecipe) -> Void = { _ in }
  ) throws -> Presented {
    try Presented(pki.issue(CertificateRecipe("/CN=client", role).with(change), by: issuer ?? root))
  }

  /// A client below its own imported root.
  func client(below name: String, _ change: (inout CertificateRecipe) -> Void) throws -> Presented {
    let root = try authority(name, by: nil, change)
    return try client(by: root).with { $0.roots = [root] }
  }

  func authority(_ name: String, by issuer: Credential?, _ change: (inout CertificateRecipe) -> Void) throws
    -> Credential
  {
    try pki.issue(CertificateRecipe("/CN=\(name)", .authority).with(change), by: issuer)
  }

  /// A chain of CAs; returns the lowest.
  func ladder(_ count: Int) throws -> Credential {
    var issuer = root
    for rung in 1...count { issuer = try pki.intermediate("Rung \(rung)", by: issuer) }
    return issuer
  }

  /// A copy with one bit of the signature changed.
  func forged(_ presented: Presented) throws -> Presented {
    try presented.with {
      var der = $0.certificates[0].der
      der[der.count - 1] ^= 1
      $0.certificates[0] = try Certificate(der: der)
    }
  }
}
