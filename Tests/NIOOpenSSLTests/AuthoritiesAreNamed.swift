import COpenSSL
import OpenSSL
import TestCertificates
import Testing

/// Some clients present a certificate only if the server's list of CAs names one of their chain, or is empty.
@Suite struct AuthoritiesAreNamed {
  static let rows: [(name: String, count: Int, length: Int, named: Int)] = [
    ("one root", 1, 20, 1), ("a root and CAs below it", 4, 20, 4), ("many", 120, 60, 120),
    ("as many as clients take", 160, 64, 160), ("more", 400, 64, 0), ("far more", 1000, 64, 0),
  ]

  @Test(arguments: rows.indices, HandlerInMemory.versions)
  func asFarAsClientsTakeThem(_ index: Int, _ version: Int32) throws {
    let row = Self.rows[index]
    let key = try PrivateKey.generate(.p256)
    let authorities = try (0..<row.count).map { number in
      let name = String("CA \(number) of \(String(repeating: "a long name ", count: 8))".prefix(row.length))
      return try Certificate.issueSelfSigned(
        CertificateTemplate(
          commonName: name, purpose: .authority(pathLength: 0), notBefore: 1_700_000_000, notAfter: 4_000_000_000),
        with: key)
    }
    let material = try GateMaterial()
    // Each twice: a CA that was renewed has several certificates.
    let context = try material.serverContext { $0.clientAuthorities = authorities + authorities }
    let gate = try EmbeddedGate(version: version, context: context)
    try gate.shakeHands()
    #expect(gate.client.namedAuthorities == row.named)
    #expect(gate.inside.log == ["handshake"])
  }
}
