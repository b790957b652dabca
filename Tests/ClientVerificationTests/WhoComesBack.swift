import ClientVerification
import Glibc
import OpenSSL
import SystemCalls
import TestCertificates
import Testing

/// An earlier admission does not affect later verdicts on the client, or on others that resemble it.
@Suite struct WhoComesBack {
  private let fixture: Fixture
  private let good: Presented
  private let now = Int64(time(nil))

  init() throws {
    fixture = try Fixture()
    good = try fixture.client()
  }

  @Test func isLetInAgain() throws {
    let verifier = try verifier()
    for later: Int64 in [0, 0, 60, 86400] {
      #expect(isLetIn(good, verifier, at: now + later))
    }
  }

  @Test(arguments: [-2, 40] as [Int64])
  func outsideOfItsValidityIsRefused(days: Int64) throws {
    let verifier = try verifier()
    #expect(isLetIn(good, verifier, at: now))
    #expect(!isLetIn(good, verifier, at: now + days * 86400))
    #expect(isLetIn(good, verifier, at: now))
  }

  @Test func underAListThatHasExpiredIsRefused() throws {
    let list = try fixture.pki.revocationList(by: fixture.root, revoking: [], nextUpdate: 3600)
    let verifier = try verifier(revocationLists: [list])
    #expect(isLetIn(good, verifier, at: now))
    #expect(isLetIn(good, verifier, at: now + 3000))
    #expect(!isLetIn(good, verifier, at: now + 4000))
  }

  @Test func withAnotherSignatureOnTheSameContentsIsRefused() throws {
    let verifier = try verifier()
    #expect(isLetIn(good, verifier, at: now))
    #expect(!isLetIn(try fixture.forged(good), verifier, at: now))
  }

  @Test func withoutItsIssuerIsRefused() throws {
    let verifier = try verifier()
    let presented = try fixture.client(by: fixture.intermediate)
    #expect(isLetIn(presented, verifier, at: now))
    #expect(!isLetIn(presented.leafOnly, verifier, at: now))
    #expect(isLetIn(presented, verifier, at: now))
  }

  @Test func underAnotherVerifierIsJudgedAnew() throws {
    #expect(isLetIn(good, try verifier(), at: now))
    let client = try fixture.pki.issue(CertificateRecipe("/CN=client", .client), by: fixture.root)
    let list = try fixture.pki.revocationList(by: fixture.root, revoking: [client])
    #expect(!isLetIn(try Presented(client), try verifier(revocationLists: [list]), at: now))
  }

  private func verifier(revocationLists: [String] = []) throws -> ClientVerifier {
    try ClientVerifier(
      roots: Certificate.all(inPEM: DurableFile.read(fixture.root.certificatePath, limit: 1 << 20)),
      revocationLists: revocationLists.flatMap { path in
        try PEMBlock.all(in: DurableFile.read(path, limit: 1 << 20)).map { try RevocationList(pem: $0) }
      })
  }

  private func isLetIn(_ presented: Presented, _ verifier: ClientVerifier, at time: Int64) -> Bool {
    let others = Array(presented.certificates.dropFirst())
    guard case .accepted = verifier.verify(presented.certificates[0], presentedIntermediates: others, at: time) else {
      return false
    }
    return true
  }
}
