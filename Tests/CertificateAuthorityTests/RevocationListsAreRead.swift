// Goal: other software that reads the list refuses a revoked certificate, and no other.
import CertificateAuthority
import Glibc
import OpenSSL
import TestSupport
import Testing

@Suite struct RevocationListsAreRead {
  @Test func openssl() async throws {
    let now = Int64(time(nil))
    let lifetime = Lifetime(days: 30, now: now)
    let authority = try CertificateAuthority.create(for: lifetime)
    let key = PublicKey(of: try PrivateKey.generate(.p256))
    let revoked = try authority.issueConnector(named: "Revoked", for: key, lifetime)
    let good = try authority.issueConnector(named: "Good", for: key, lifetime)
    let list = try authority.issueRevocationList(
      [.init(serialNumber: revoked.serialNumber, since: now)], number: 258, days: 7, now: now)

    #expect(list.number == "0102")
    #expect(list.revokedCount == 1)
    #expect(list.isIssued(by: authority.certificate))
    let folder = try TemporaryFolder()
    let (root, crl) = (try folder.write("root.pem", authority.certificate.pem), try folder.write("crl.pem", list.pem))
    for (certificate, expected) in [(good, ProcessEnd.exited(0)), (revoked, .exited(2))] {
      let leaf = try folder.write("leaf.pem", certificate.pem)
      let result = try await run(
        "openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", root, "-CRLfile", crl, leaf)
      #expect(result.end == expected, "\(result.errorText)")
      #expect(result.errorText.contains("certificate revoked") == (certificate == revoked))
    }
  }
}
