import Glibc
import OpenSSL
import SystemCalls
import TestCertificates
import Testing

func certificate(_ credential: Credential) throws -> Certificate {
  try #require(try Certificate.all(inPEM: DurableFile.read(credential.certificatePath, limit: 65536)).first)
}

func privateKey(_ path: String, password: String? = nil) throws -> PrivateKey {
  let blocks = try PEMBlock.all(in: DurableFile.read(path, limit: 65536)).filter { $0.kind == .privateKey }
  return try PrivateKey(pem: #require(blocks.first), password: password.map { SecretBytes(copying: Array($0.utf8)) })
}

/// The contents of a certificate, compared with its recipe and with openssl(1).
@Suite struct CertificateFacts {
  static let subjects: [(made: String, read: String)] = [
    ("/CN=connector", "CN=connector"),
    ("/C=DE/O=Müller, Söhne/CN=connector", "CN=connector,O=Müller\\, Söhne,C=DE"),
    ("/O=a \\+ b = \"c\"/CN=<x>; #y", "CN=\\<x\\>\\; #y,O=a \\+ b = \\\"c\\\""),
    ("/CN=line\nbreak\u{7}", "CN=line\\0Abreak\\07"),
    ("/CN=left\u{202E}right\u{9B}2J", "CN=left\\E2\\80\\AEright\\C2\\9B2J"),
    ("/CN= blank ", "CN=\\ blank\\ "),
  ]

  @Test(arguments: subjects)
  func subjectIsRFC4514(_ row: (made: String, read: String)) throws {
    let client = try PKI.shared.issue(CertificateRecipe(row.made, .client), by: PKI.shared.root())
    #expect(try certificate(client).subject == row.read)
    #expect(try certificate(client).issuer == "CN=Test Root")
  }

  @Test func alternativeNamesInTheirOrder() throws {
    let names = "subjectAltName = DNS:a.example, IP:192.0.2.7, IP:2001:db8::1, email:a@example.org, URI:urn:x:y"
    let recipe = CertificateRecipe("/CN=names", .client).with { $0.extensions = [names] }
    let certificate = try certificate(PKI.shared.issue(recipe, by: PKI.shared.root()))
    #expect(
      certificate.subjectAlternativeNames == [
        .dns("a.example"), .address("192.0.2.7"), .address("2001:db8::1"), .email("a@example.org"), .uri("urn:x:y"),
      ])
    #expect(certificate.commonName == "names")
  }

  @Test func thumbprintsAndSerialAreOpenSSLs() throws {
    let client = try PKI.shared.client("thumbprints", by: PKI.shared.root())
    let words = ["x509", "-in", client.certificatePath, "-noout"]
    func fact(_ switches: String...) throws -> String {
      let text = try OpenSSLTool.run(words + switches, scratch: client.folder)
      return text.split(separator: "=")[1].filter(\.isHexDigit).lowercased()
    }
    let certificate = try certificate(client)
    #expect(certificate.sha1Thumbprint == (try fact("-fingerprint", "-sha1")))
    #expect(certificate.sha256Thumbprint.description == (try fact("-fingerprint", "-sha256")))
    #expect(certificate.serialNumber == (try fact("-serial")))
  }

  @Test func validityInSeconds() throws {
    let recipe = CertificateRecipe("/CN=dates", .client).with { ($0.notBefore, $0.notAfter) = (-1000, 5000) }
    let now = Int64(time(nil))
    let certificate = try certificate(PKI.shared.issue(recipe, by: PKI.shared.root()))
    #expect((now - 1000...now - 940).contains(certificate.notBefore))
    #expect(certificate.notAfter - certificate.notBefore == 6000)
  }

  @Test func authoritiesAndSelfSigned() throws {
    let root = try certificate(PKI.shared.root())
    let client = try certificate(PKI.shared.client("plain", by: PKI.shared.root()))
    let other = try certificate(
      PKI.shared.issue(CertificateRecipe("/CN=Test Root", .authority).with { $0.variant = 7 }, by: nil))
    #expect((root.isCA, root.isSelfSigned, root.isSelfIssued) == (true, true, true))
    #expect((client.isCA, client.isSelfSigned, client.isSelfIssued) == (false, false, false))
    #expect(client.isIssued(by: root))
    #expect(!client.isIssued(by: other))
    #expect(!root.isIssued(by: client))
    #expect(client.extendedKeyUsage == .clientAuthentication)
    #expect(root.extendedKeyUsage == nil)
  }

  static let keys: [(key: CertificateRecipe.Key, description: String)] = [
    (.p256, "P-256"), (.p384, "P-384"), (.p521, "P-521"), (.ed25519, "Ed25519"), (.ed448, "Ed448"),
    (.rsa1024, "RSA 1024"), (.rsa2048, "RSA 2048"), (.rsaPSS, "RSA-PSS 2048"),
  ]

  @Test(arguments: keys)
  func keysAreDescribedAndMatched(_ row: (key: CertificateRecipe.Key, description: String)) throws {
    let recipe = CertificateRecipe("/CN=key", .client).with { $0.key = row.key }
    let root = try PKI.shared.root()
    let credential = try PKI.shared.issue(recipe, by: root)
    let certificate = try certificate(credential)
    let key = try privateKey(credential.keyPath)
    #expect(certificate.keyDescription == row.description)
    #expect(key.keyDescription == row.description)
    #expect(certificate.matches(key))
    #expect(try !certificate.matches(privateKey(root.keyPath)))
  }

  @Test func derAndPEMRoundTrip() throws {
    let credential = try PKI.shared.client("round trip", by: PKI.shared.root())
    let certificate = try certificate(credential)
    #expect(try Certificate(der: certificate.der) == certificate)
    #expect(certificate.pem == (try credential.certificatePEM))
    #expect(throws: OpenSSLError.self) { try Certificate(der: certificate.der + [0]) }
    #expect(throws: OpenSSLError.self) { try Certificate(der: certificate.der.dropLast()) }
    #expect(throws: OpenSSLError.self) { try Certificate(der: []) }
  }
}

extension Certificate {
  fileprivate convenience init(der: some Sequence<UInt8>) throws { try self.init(der: Array(der)) }
}
