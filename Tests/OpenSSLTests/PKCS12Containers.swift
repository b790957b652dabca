import OpenSSL
import SystemCalls
import TestCertificates
import Testing

/// PKCS#12 containers, including those made by Windows.
@Suite struct PKCS12Containers {
  private func container(_ credential: Credential, password: String, _ switches: [String] = []) throws -> SecretBytes {
    let path = "\(try PKI.shared.scratchFolder())/bundle.p12"
    let words = ["pkcs12", "-export", "-inkey", credential.keyPath, "-in", credential.chainPath, "-out", path]
    try OpenSSLTool.run(words + ["-passout", "pass:\(password)"] + switches, scratch: PKI.shared.folder)
    return SecretBytes(copying: try DurableFile.read(path, limit: 1 << 20))
  }

  private func read(_ container: SecretBytes, password: String?) throws -> PKCS12 {
    try container.withUnsafeBytes {
      try PKCS12(der: $0, password: password.map { SecretBytes(copying: Array($0.utf8)) })
    }
  }

  @Test(arguments: [[], ["-legacy"]])
  func keyAndChainAreRead(_ switches: [String]) throws {
    let issuer = try PKI.shared.intermediate("Container CA", by: PKI.shared.root())
    let credential = try PKI.shared.client("contained", by: issuer)
    let bytes = try container(credential, password: "pass wörd", switches)
    let content = try read(bytes, password: "pass wörd")
    #expect(content.certificates.map(\.subject) == ["CN=contained", "CN=Container CA"])
    let key = try #require(content.key)
    #expect(content.certificates[0].matches(key))
    #expect(throws: PKCS12Error.passwordNeeded) { try read(bytes, password: nil) }
    #expect(throws: PKCS12Error.wrongPassword) { try read(bytes, password: "other") }
  }

  @Test func emptyPasswordNeedsNoPassword() throws {
    let credential = try PKI.shared.client("contained", by: PKI.shared.root())
    #expect(try read(container(credential, password: ""), password: nil).key != nil)
  }

  @Test func otherBytesAreNone() throws {
    let garbage = SecretBytes(copying: [0x30, 0x03, 0x02, 0x01, 0x03])
    #expect(garbage.withUnsafeBytes { !PKCS12.isContainer($0) })
    let error = try #require(throws: PKCS12Error.self) { try read(garbage, password: nil) }
    guard case .notPKCS12 = error else { throw error }
  }
}
