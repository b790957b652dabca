import Glibc
import OpenSSL
import SystemCalls
import TestCertificates
import Testing

/// The contents of a revocation list.
@Suite struct RevocationLists {
  @Test func facts() throws {
    let root = try PKI.shared.root("List Root")
    let (revoked, other) = (try PKI.shared.client("revoked", by: root), try PKI.shared.client("other", by: root))
    let now = Int64(time(nil))
    let path = try PKI.shared.revocationList(
      by: root, revoking: [revoked], number: 4711, thisUpdate: -600, nextUpdate: 86400)
    let block = try #require(PEMBlock.all(in: DurableFile.read(path, limit: 65536)).first)
    let list = try RevocationList(pem: block)
    #expect(list.issuer == "CN=List Root")
    #expect(list.number == "1267")
    #expect((now - 600...now - 540).contains(list.thisUpdate))
    #expect(list.nextUpdate == list.thisUpdate + 87000)
    #expect(list.revokedCount == 1)
    #expect(try list.revocation(of: certificate(revoked)) != nil)
    #expect(try list.revocation(of: certificate(other)) == nil)
    #expect(try list.isIssued(by: certificate(root)))
    #expect(try !list.isIssued(by: certificate(other)))
    #expect(Array(list.pem.utf8) == (try DurableFile.read(path, limit: 65536)))
  }
}
