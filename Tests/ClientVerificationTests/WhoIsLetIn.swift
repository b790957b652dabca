import ClientVerification
import Glibc
import OpenSSL
import SystemCalls
import TestCertificates
import Testing

/// The gate admits exactly the clients in the table, gives the reason, and agrees with `openssl verify`.
@Suite struct WhoIsLetIn {
  @Test(arguments: acceptedCredentials + acceptedForms + refusedCredentials + refusedIssuers + refusedForms)
  func credential(_ row: CredentialCase) throws {
    let fixture = try Fixture()
    let presented = try row.make(fixture)
    let (verdict, examination) = try verdict(on: presented, fixture)
    let breaches = examination.links.flatMap(\.breaches)
    switch verdict {
    case .accepted(let chain, let identity):
      #expect(row.refusal == nil, "let in, but should be refused")
      #expect(chain.first == presented.certificates[0])
      #expect(chain.last?.isSelfSigned == true)
      #expect(breaches.isEmpty, "objections to a client who is let in")
      #expect(identity.thumbprint == presented.certificates[0].sha256Thumbprint)
    case .refused(let refusal):
      let expected = try #require(row.refusal, "refused: \(refusal)")
      #expect(refusal.description.contains(expected), "\(refusal)")
      #expect(refusal.description.hasPrefix("client certificate CN="))
      #expect(!refusal.description.contains("\n"))
      if let rule = row.rule { #expect(refusal.breach.rule == rule, "\(refusal)") }
      #expect(breaches.contains(refusal.breach), "\(breaches)")
      #expect(breaches.allSatisfy { !$0.statement.isEmpty })
    }
    if row.secondOpinion == .same {
      let opinion = try secondOpinion(on: presented, fixture)
      #expect((opinion.status == 0) == (row.refusal == nil), "openssl verify says: \(opinion.text)")
    }
  }

  private func verdict(on presented: Presented, _ fixture: Fixture) throws -> (Verdict, Examination) {
    let roots = presented.roots.isEmpty ? [fixture.root] : presented.roots
    let lists = try presented.revocationLists.flatMap { path in
      try PEMBlock.all(in: DurableFile.read(path, limit: 1 << 20)).map { try RevocationList(pem: $0) }
    }
    let verifier = try ClientVerifier(
      roots: roots.flatMap { try Certificate.all(inPEM: DurableFile.read($0.certificatePath, limit: 1 << 20)) },
      revocationLists: lists, expiredRevocationLists: presented.expiredRevocationLists)
    let (leaf, others, now) =
      (presented.certificates[0], Array(presented.certificates.dropFirst()), Int64(time(nil)))
    let verdict = verifier.verify(leaf, presentedIntermediates: others, at: now)
    return (verdict, verifier.examine(leaf, presentedIntermediates: others, at: now))
  }

  private func secondOpinion(on presented: Presented, _ fixture: Fixture) throws -> OpenSSLTool.Outcome {
    let folder = try fixture.pki.scratchFolder()
    func file(_ name: String, _ certificates: some Sequence<Certificate>) throws -> String {
      let path = "\(folder)/\(name)"
      try DurableFile.replace(path, with: Array(certificates.map(\.pem).joined().utf8), mode: 0o600)
      return path
    }
    var words = ["verify", "-no-CAfile", "-no-CApath", "-no-CAstore", "-auth_level", "2", "-purpose", "sslclient"]
    words += ["-x509_strict", "-trusted", (presented.roots.first ?? fixture.root).certificatePath]
    if presented.certificates.count > 1 {
      words += ["-untrusted", try file("untrusted.pem", presented.certificates.dropFirst())]
    }
    if !presented.revocationLists.isEmpty { words += ["-crl_check"] }
    words += presented.revocationLists.flatMap { ["-CRLfile", $0] }
    // Only crl_check_all checks the revocation of an intermediate; it requires a list from every issuer.
    if presented.certificates.count > 1, !presented.revocationLists.isEmpty { words.append("-crl_check_all") }
    return try OpenSSLTool.outcome(words + [try file("leaf.pem", presented.certificates.prefix(1))], scratch: folder)
  }
}
