import OpenSSL
import SystemCalls
import TestCertificates
import Testing

/// What a certificate says of itself, compared with what it was made from.
@Suite struct CertificateFacts {
  @Test func aClientCertificate() throws {
    let root = try PKI.shared.root()
    let client = try PKI.shared.client("connector", by: root)
    let certificate = try #require(try Certificate.all(inPEM: DurableFile.read(client.chainPath, limit: 65536)).first)
    #expect(certificate.subject == "CN=connector")
    #expect(certificate.issuer == "CN=Test Root")
  }
}
