// Goal: if several certificates can be a client's issuer, it is admitted if any path to an imported root is valid, in whatever order; and
// it is not if none is valid, however many there are.
import ClientVerification
import Glibc
import OpenSSL
import SystemCalls
import TestCertificates
import Testing

@Suite struct EveryWayToARootIsTried {
  /// What else a client presents, what the gate trusts, and whether the client is admitted.
  struct Ways {
    var leaf: Credential
    var presented: [Credential] = []
    var roots: [Credential]
    var isAccepted = true
  }

  static let pki = PKI.shared

  static let rows: [(name: String, make: @Sendable () throws -> Ways)] = [
    (
      "one issuer constrained, one not",
      {
        let root = try pki.root("Ways Root 1")
        let free = try pki.intermediate("Twin", by: root)
        let bound = try pki.issue(constrained("Twin"), by: root, withKeyOf: free)
        return Ways(leaf: try client(by: free), presented: [free, bound], roots: [root])
      }
    ),
    (
      "both issuers constrained",
      {
        let root = try pki.root("Ways Root 2")
        let first = try pki.issue(constrained("Bound Twin"), by: root)
        let second = try pki.issue(constrained("Bound Twin"), by: root, withKeyOf: first)
        return Ways(leaf: try client(by: first), presented: [first, second], roots: [root], isAccepted: false)
      }
    ),
    (
      "cross-signed, the other root not imported",
      {
        let (root, stranger) = (try pki.root("Ways Root 3"), try pki.root("Stranger"))
        let own = try pki.intermediate("Crossed", by: root)
        let cross = try pki.issue(CertificateRecipe("/CN=Crossed", .authority), by: stranger, withKeyOf: own)
        return Ways(leaf: try client(by: own), presented: [cross, stranger, own], roots: [root])
      }
    ),
    (
      "cross-signed, one of the roots expired",
      {
        let old = try pki.issue(expired("Old Ways Root"), by: nil)
        let root = try pki.root("Ways Root 4")
        let own = try pki.intermediate("Crossed Later", by: root)
        let cross = try pki.issue(CertificateRecipe("/CN=Crossed Later", .authority), by: old, withKeyOf: own)
        return Ways(leaf: try client(by: own), presented: [cross, own], roots: [old, root])
      }
    ),
    (
      "expired issuer beside its renewal, of another length of path",
      {
        let root = try pki.root("Ways Root 5")
        let upper = try pki.intermediate("Upper", by: root)
        let good = try pki.intermediate("Renewed", by: upper)
        let old = try pki.issue(expired("Renewed"), by: root, withKeyOf: good)
        return Ways(leaf: try client(by: good), presented: [old, good, upper], roots: [root])
      }
    ),
    (
      "two roots of one name without key identifiers, the first",
      {
        let (first, second) = try namesakes()
        return Ways(leaf: try client(by: first, .bare), roots: [first, second])
      }
    ),
    (
      "two roots of one name without key identifiers, the second",
      {
        let (first, second) = try namesakes()
        return Ways(leaf: try client(by: second, .bare), roots: [first, second])
      }
    ),
    (
      "root renewed with the same key, the old one expired and imported, too",
      {
        let new = try pki.root("Ways Root 6")
        let old = try pki.issue(expired("Ways Root 6"), by: nil, withKeyOf: new)
        return Ways(leaf: try client(by: new), roots: [old, new])
      }
    ),
    (
      "the self-signed root presented in place of the cross-signed one",
      {
        let root = try pki.root("Ways Root 7")
        let young = try pki.root("Young Root")
        let cross = try pki.issue(CertificateRecipe("/CN=Young Root", .authority), by: root, withKeyOf: young)
        return Ways(leaf: try client(by: young), presented: [young, cross], roots: [root])
      }
    ),
    (
      "root with a successor of the same name, by which it is signed over",
      {
        let old = try namesakes().0
        let new = try pki.issue(bareRoot.with { $0.variant = 2 }, by: nil)
        let over = try pki.issue(bareRoot, by: old, withKeyOf: new)
        return Ways(leaf: try client(by: over, .bare), presented: [over], roots: [old])
      }
    ),
    (
      "a root of the same name and another key alone",
      {
        let (first, second) = try namesakes()
        return Ways(leaf: try client(by: second, .bare), roots: [first], isAccepted: false)
      }
    ),
  ]

  @Test(arguments: rows.indices) func ofAnyOrder(_ index: Int) throws {
    let row = Self.rows[index]
    let ways = try row.make()
    let leaf = try certificate(ways.leaf)
    for (presented, roots) in [
      (ways.presented, ways.roots), (ways.presented.reversed(), ways.roots), (ways.presented, ways.roots.reversed()),
    ] {
      let gate = try ClientVerifier(roots: roots.map(certificate))
      let verdict = gate.verify(leaf, presentedIntermediates: try presented.map(certificate), at: Int64(time(nil)))
      // Certificates that a client does not send may be in the store.
      let stored = try ClientVerifier(roots: roots.map(certificate), intermediates: presented.map(certificate))
        .verify(leaf, presentedIntermediates: [], at: Int64(time(nil)))
      for verdict in [verdict, stored] {
        switch verdict {
        case .accepted(let chain, _):
          #expect(ways.isAccepted, "\(row.name): let in")
          #expect(roots.contains { (try? certificate($0)) == chain.last })
        case .refused(let refusal): #expect(!ways.isAccepted, "\(row.name): \(refusal)")
        }
      }
    }
  }

  /// Forty CAs with one name that have all signed each other, and an imported root that has signed one of them or none.
  @Test(arguments: [true, false]) func aTangleEndsSoon(isJoined: Bool) throws {
    let root = try Self.pki.root("Tangle Root")
    let cores = try (0..<6).map { variant in
      try Self.pki.issue(Self.tangled.with { $0.variant = variant }, by: nil)
    }
    var all = cores
    for signer in cores {
      for other in cores where other !== signer && all.count < 39 {
        all.append(try Self.pki.issue(Self.tangled, by: signer, withKeyOf: other))
      }
    }
    if isJoined { all.append(try Self.pki.issue(Self.tangled, by: root, withKeyOf: cores[5])) }
    let leaf = try certificate(Self.client(by: cores[0], .bare))
    let gate = try ClientVerifier(roots: [certificate(root)])
    let presented = try all.map(certificate)
    let begin = clock()
    let verdict = gate.verify(leaf, presentedIntermediates: presented, at: Int64(time(nil)))
    let milliseconds = Double(clock() - begin) * 1000 / Double(CLOCKS_PER_SEC)
    switch verdict {
    case .accepted: #expect(isJoined)
    case .refused(let refusal): #expect(!isJoined, "\(refusal)")
    }
    #expect(milliseconds < 500, "half a second of processor time is ten times what it should take at most")
  }

  private static let bareRoot = CertificateRecipe("/CN=Nameless Root", .bare).with {
    $0.extensions = ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign"]
  }

  private static let tangled = CertificateRecipe("/CN=Tangled", .bare).with {
    $0.extensions = ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign"]
  }

  private static func namesakes() throws -> (Credential, Credential) {
    (try pki.issue(bareRoot, by: nil), try pki.issue(bareRoot.with { $0.variant = 1 }, by: nil))
  }

  private static func constrained(_ name: String) -> CertificateRecipe {
    CertificateRecipe("/CN=\(name)", .authority).with {
      $0.extensions = ["nameConstraints = critical, excluded;DNS:client.example"]
    }
  }

  private static func expired(_ name: String) -> CertificateRecipe {
    CertificateRecipe("/CN=\(name)", .authority).with { ($0.notBefore, $0.notAfter) = (-864_000, -7200) }
  }

  private static func client(by issuer: Credential, _ role: CertificateRecipe.Role = .client) throws -> Credential {
    try pki.issue(
      CertificateRecipe("/CN=client", role).with {
        if role == .client { $0.extensions = ["subjectAltName = DNS:client.example"] }
      }, by: issuer)
  }
}

private func certificate(_ credential: Credential) throws -> Certificate {
  try #require(try Certificate.all(inPEM: DurableFile.read(credential.certificatePath, limit: 1 << 20)).first)
}
