// Goal: a revocation list applies to certificates with its issuer's name and key and its distribution point, and to no others; an
// incomplete or unusable list admits nobody whom the complete one would refuse.
import ClientVerification
import Glibc
import OpenSSL
import SystemCalls
import TestCertificates
import Testing

@Suite struct ListsCountForTheirScope {
  static let pki = PKI.shared

  private func client(_ name: String, by issuer: Credential, point: String? = nil) throws -> Credential {
    try Self.pki.issue(
      CertificateRecipe("/CN=\(name)", .client).with { recipe in
        if let point { recipe.extensions = ["crlDistributionPoints = URI:\(point)"] }
      }, by: issuer)
  }

  private func list(
    by issuer: Credential, _ revoked: [Credential], _ number: Int = 1, point: [String]? = nil, _ more: [String] = [],
    thisUpdate: Int = -3600, nextUpdate: Int = 86400
  ) throws -> RevocationList {
    let lines = point.map { ["issuingDistributionPoint = critical, @point"] + more + ["[point]"] + $0 } ?? more
    let path = try Self.pki.revocationList(
      by: issuer, revoking: revoked, number: number, thisUpdate: min(thisUpdate, nextUpdate - 60),
      nextUpdate: nextUpdate, extensions: lines)
    return try RevocationList(pem: #require(PEMBlock.all(in: DurableFile.read(path, limit: 1 << 20)).first))
  }

  private func reason(
    _ client: Credential, _ roots: [Credential], _ lists: [RevocationList], through issuers: [Credential] = [],
    expired: ClientVerifier.ExpiredRevocationLists = .refuse
  ) throws -> String? {
    let gate = try ClientVerifier(
      roots: roots.map(certificate), revocationLists: lists, expiredRevocationLists: expired)
    let verdict = gate.verify(
      try certificate(client), presentedIntermediates: try issuers.map(certificate), at: Int64(time(nil)))
    if case .refused(let refusal) = verdict { return refusal.description }
    return nil
  }

  @Test(arguments: [true, false]) func twoRootsOfOneName(withKeyIdentifiers: Bool) throws {
    let recipe = CertificateRecipe("/CN=JAMS Local Self-Signed Root CA", withKeyIdentifiers ? .authority : .bare).with {
      if !withKeyIdentifiers {
        $0.extensions = ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign"]
      }
    }
    let (old, new) = (try Self.pki.issue(recipe, by: nil), try Self.pki.issue(recipe.with { $0.variant = 1 }, by: nil))
    let role: CertificateRecipe.Role = withKeyIdentifiers ? .client : .bare
    let (good, bad) = (
      try Self.pki.issue(CertificateRecipe("/CN=good", role), by: old),
      try Self.pki.issue(CertificateRecipe("/CN=bad", role), by: old)
    )
    let young = try Self.pki.issue(CertificateRecipe("/CN=young", role), by: new)
    let lists = [try list(by: old, [bad]), try list(by: new, [], 2)]
    for lists in [lists, lists.reversed()] {
      for roots in [[old, new], [new, old]] {
        #expect(try reason(bad, roots, lists)?.contains("was revoked on 20") == true)
        #expect(try reason(good, roots, lists) == nil)
        #expect(try reason(young, roots, lists) == nil)
      }
    }
  }

  @Test func shardsStandBesideEachOther() throws {
    let (root, points) = (try Self.pki.root("Shard Root"), ["http://crl.example/0.crl", "http://crl.example/1.crl"])
    let issuer = try Self.pki.intermediate("Shard Issuer", by: root)
    let bad = try points.map { try client("bad of \(points.firstIndex(of: $0)!)", by: issuer, point: $0) }
    let good = try points.map { try client("good of \(points.firstIndex(of: $0)!)", by: issuer, point: $0) }
    let lists = try points.indices.map {
      try list(by: issuer, [bad[$0]], 100 + $0, point: ["fullname = URI:\(points[$0])", "onlyuser = TRUE"])
    }
    for index in points.indices {
      #expect(try reason(bad[index], [root], lists, through: [issuer])?.contains("was revoked") == true)
      #expect(try reason(good[index], [root], lists, through: [issuer]) == nil)
      // Without the other shard, nothing is known about its certificates.
      #expect(try reason(good[index], [root], [lists[1 - index]], through: [issuer])?.contains("unusable") == true)
    }
    // A client on any of the lists is refused, whatever its certificate says.
    let mislaid = try client("mislaid", by: issuer, point: points[0])
    let other = try list(by: issuer, [mislaid], 102, point: ["fullname = URI:\(points[1])"])
    #expect(try reason(mislaid, [root], [lists[0], other], through: [issuer])?.contains("was revoked") == true)
  }

  @Test func aListOfUsersCountsBelowTheRoot() throws {
    let root = try Self.pki.root("Users Root")
    let (good, bad) = (try client("good", by: root), try client("bad", by: root))
    let lists = [try list(by: root, [bad], point: ["onlyuser = TRUE"])]
    #expect(try reason(good, [root], lists) == nil)
    #expect(try reason(bad, [root], lists)?.contains("was revoked") == true)
  }

  @Test func theRootIsNotCheckedAgainstLists() throws {
    let root = try Self.pki.root("Anchor")
    #expect(try reason(client("good", by: root), [root], [list(by: root, [root])]) == nil)
  }

  @Test func aDeltaListIsNoCompleteOne() throws {
    let root = try Self.pki.root("Delta Root")
    let (good, bad, late) = (
      try client("good", by: root), try client("bad", by: root), try client("late", by: root)
    )
    let base = try list(by: root, [bad], 10)
    let delta = try list(by: root, [late], 11, ["2.5.29.27 = critical, DER:02:01:0A"])
    #expect(delta.isDelta && !base.isDelta)
    #expect(try reason(good, [root], [base, delta]) == nil)
    for revoked in [bad, late] { #expect(try reason(revoked, [root], [base, delta])?.contains("was revoked") == true) }
    // Alone it admits nobody: whom the base revokes is unknown.
    for client in [good, bad] { #expect(try reason(client, [root], [delta])?.contains("delta list") == true) }
  }

  static let unusable: [(point: [String]?, more: [String], words: String)] = [
    (["indirectCRL = TRUE"], [], "indirect"),
    (["onlysomereasons = keyCompromise"], [], "some reasons"),
    (["onlyAA = TRUE"], [], "attribute certificates"),
    (nil, ["1.3.6.1.4.1.55555.1 = critical, ASN1:UTF8String:x"], "critical extension"),
    (nil, ["2.5.29.28 = critical, DER:30:03:81:01:FF:05:00"], "bytes after its end"),
  ]

  @Test(arguments: unusable.indices) func whatCannotBeUsedIsNotTakenForGood(_ index: Int) throws {
    let row = Self.unusable[index]
    let root = try Self.pki.root("Unusable Root")
    let good = try client("good", by: root)
    let broken = try list(by: root, [], 1, point: row.point, row.more)
    #expect(broken.fault?.contains(row.words) == true, "\(broken.fault ?? "no fault")")
    #expect(try reason(good, [root], [broken])?.contains("unusable") == true)
    // With a complete list as well, the client is admitted.
    #expect(try reason(good, [root], [broken, list(by: root, [], 2)]) == nil || row.point == nil)
  }

  /// Lists that count for a client of the second of two distribution points, whose own list may be missing, and whether it is admitted where
  /// expired lists are tolerated.
  static let tolerated: [(name: String, points: [[String]?], due: [Int], isAdmitted: Bool)] = [
    ("its own, expired", [["fullname = URI:http://crl.example/1"]], [-60], true),
    ("the complete one, expired", [nil], [-60], true),
    ("that of the first, expired", [["fullname = URI:http://crl.example/0"]], [-60], false),
    ("that of the first", [["fullname = URI:http://crl.example/0"]], [3600], false),
    ("that of CAs, expired", [["onlyCA = TRUE"]], [-60], false),
    (
      "that of CAs and of the first", [["onlyCA = TRUE"], ["fullname = URI:http://crl.example/0"]], [3600, -60], false
    ),
    (
      "of its own, for some reasons alone, expired",
      [["fullname = URI:http://crl.example/1", "onlysomereasons = keyCompromise"]], [-60], false
    ),
    (
      "both, expired", [["fullname = URI:http://crl.example/0"], ["fullname = URI:http://crl.example/1"]], [-60, -60],
      true
    ),
  ]

  @Test(arguments: tolerated.indices) func aListOfAnotherScopeIsNotTolerated(_ index: Int) throws {
    let row = Self.tolerated[index]
    let root = try Self.pki.root("Tolerant Root")
    let client = try client("second", by: root, point: "http://crl.example/1")
    let bystander = try Self.pki.client("bystander", by: Self.pki.root("Listless Root"))
    let lists = try zip(row.points, row.due).map { try list(by: root, [], point: $0, nextUpdate: $1) }
    let reason = try reason(client, [root], lists, expired: .accept)
    #expect((reason == nil) == row.isAdmitted, "\(row.name): \(reason ?? "admitted")")
    #expect(reason?.contains("unusable") ?? true, "\(reason ?? "")")
    #expect(try self.reason(bystander, [root, Self.pki.root("Listless Root")], lists, expired: .accept) == nil)
  }

  @Test func ofOneScopeTheNewestCounts() throws {
    let root = try Self.pki.root("Numbered Root")
    let client = try client("on hold", by: root)
    let (old, new) = (try list(by: root, [client], 1), try list(by: root, [], 2))
    #expect(try reason(client, [root], [old, new]) == nil)
    #expect(try reason(client, [root], [new, list(by: root, [client], 3)])?.contains("was revoked") == true)
  }

  @Test(arguments: [(60, true), (290, true), (400, false)]) func aClockThatIsFastByMinutes(_ row: (Int, Bool)) throws {
    let root = try Self.pki.root("Fast Root")
    let fresh = try list(by: root, [], thisUpdate: row.0)
    #expect((try reason(client("good", by: root), [root], [fresh]) == nil) == row.1)
  }

  @Test func aCAThatMayNotSignListsRevokesNothing() throws {
    let root = try Self.pki.issue(
      CertificateRecipe("/CN=Mute Root", .authority).with { $0.extensions = ["keyUsage = critical, keyCertSign"] },
      by: nil)
    let good = try client("good", by: root)
    #expect(try reason(good, [root], []) == nil)
    #expect(try reason(good, [root], [list(by: root, [])])?.contains("may not sign revocation lists") == true)
  }
}

private func certificate(_ credential: Credential) throws -> Certificate {
  try #require(try Certificate.all(inPEM: DurableFile.read(credential.certificatePath, limit: 1 << 20)).first)
}
