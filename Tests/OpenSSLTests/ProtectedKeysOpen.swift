// Goal: keys and containers written here open with the correct password and no other, here and with openssl.
import OpenSSL
import SystemCalls
import TestSupport
import Testing

@Suite struct ProtectedKeysOpen {
  private static let password = SecretBytes(copying: Array("correct horse".utf8))

  @Test(arguments: KeyKind.allCases)
  func pem(_ kind: KeyKind) async throws {
    let key = try PrivateKey.generate(kind)
    let text = try key.encryptedPKCS8PEM(password: Self.password)
    let block = try #require(try PEMBlock.all(in: Array(text.utf8)).first)
    #expect(block.label == "ENCRYPTED PRIVATE KEY")
    let wrong = SecretBytes(copying: Array("incorrect horse".utf8))
    #expect(throws: PrivateKeyError.wrongPassword) { try PrivateKey(pem: block, password: wrong) }
    let same = try PrivateKey(pem: block, password: Self.password)
    #expect(same.keyDescription == key.keyDescription)

    let folder = try TemporaryFolder()
    let file = try folder.write("key.pem", text, mode: 0o600)
    let opened = try await run("openssl", "pkey", "-in", file, "-noout", "-check", "-passin", "pass:correct horse")
    #expect(opened.end == .exited(0), "\(opened.errorText)")
    #expect(try await run("openssl", "pkey", "-in", file, "-noout", "-passin", "pass:x").end != .exited(0))
  }

  @Test func container() async throws {
    let key = try PrivateKey.generate(.p256)
    let template = CertificateTemplate(
      commonName: "Root", purpose: .authority(pathLength: 0), notBefore: 1_700_000_000, notAfter: 4_000_000_000)
    let root = try Certificate.issueSelfSigned(template, with: key)
    let der = try PKCS12.container(
      key: key, certificate: root, chain: [], name: "Root", password: Self.password)
    let read = try der.withUnsafeBytes { try PKCS12(der: $0, password: Self.password) }
    #expect(read.certificates == [root])
    #expect(read.key.map(root.matches) == true)

    let file = try TemporaryFolder()
    let path = try file.write("root.pfx", der, mode: 0o600)
    let info = try await run(
      "openssl", "pkcs12", "-in", path, "-info", "-noout", "-passin", "pass:correct horse")
    #expect(info.end == .exited(0))
    #expect(info.errorText.contains("MAC: sha256"))
    #expect(info.errorText.contains("AES-256-CBC"))
  }
}
