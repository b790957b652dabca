import OpenSSL
import TestCertificates
import TestSupport
import Testing

/// A key that is kept for many signatures makes those of every TLS scheme, whatever was signed before; `openssl` verifies them.
@Suite struct SigningKeys {
  struct Case: Sendable, CustomTestStringConvertible {
    let key: CertificateRecipe.Key
    let schemes: [SignatureScheme]
    var testDescription: String { "\(key)" }
  }

  static let cases = [
    Case(
      key: .rsa2048,
      schemes: [
        .rsaPSSSHA256, .rsaPKCS1SHA256, .rsaPSSSHA384, .rsaPKCS1SHA384, .rsaPSSSHA512, .rsaPKCS1SHA512, .rsaPSSSHA256,
      ]),
    Case(key: .rsaPSS, schemes: [.rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA256, .rsaPSSSHA512]),
    Case(key: .p256, schemes: [.ecdsaSHA256, .ecdsaSHA256, .ecdsaSHA384, .ecdsaSHA256]),
    Case(key: .p384, schemes: [.ecdsaSHA384, .ecdsaSHA384]),
    Case(key: .p521, schemes: [.ecdsaSHA512, .ecdsaSHA512]),
    Case(key: .ed25519, schemes: [.ed25519, .ed25519]),
  ]

  @Test(arguments: cases) func sign(_ example: Case) throws {
    let (key, credential) = try material(example.key)
    let folder = try TemporaryFolder()
    try OpenSSLTool.run(
      ["pkey", "-in", credential.keyPath, "-pubout", "-out", "\(folder.path)/public.pem"], scratch: PKI.shared.folder)
    for (number, scheme) in example.schemes.enumerated() {
      let message = (0..<130).map { UInt8(($0 + number) % 256) }
      let signature = try message.withUnsafeBytes { try key.sign($0, scheme) }
      try folder.write("message", message)
      try folder.write("signature", signature)
      try OpenSSLTool.run(Self.verify(scheme, folder.path), scratch: PKI.shared.folder)
    }
  }

  @Test func refuseSchemesOfOtherKeysAndGoOn() throws {
    let (key, _) = try material(.p256)
    let message: [UInt8] = [1, 2, 3]
    for scheme in [SignatureScheme.rsaPSSSHA256, .rsaPKCS1SHA256, .ed25519] {
      #expect(throws: OpenSSLError.self) { try message.withUnsafeBytes { try key.sign($0, scheme) } }
      #expect(try !message.withUnsafeBytes { try key.sign($0, .ecdsaSHA256) }.isEmpty)
    }
  }

  private static func verify(_ scheme: SignatureScheme, _ folder: String) -> [String] {
    let padding =
      switch scheme.algorithm {
      case .rsaPSS: ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]
      case .rsaPKCS1, .ecdsa, .ed25519: [String]()
      }
    return ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "\(folder)/public.pem"]
      + (scheme.digest.map { ["-digest", $0.lowercased()] } ?? []) + padding
      + ["-in", "\(folder)/message", "-sigfile", "\(folder)/signature"]
  }

  private func material(_ kind: CertificateRecipe.Key) throws -> (SigningKey, Credential) {
    let recipe = CertificateRecipe("/CN=signing", .server).with { $0.key = kind }
    let credential = try PKI.shared.issue(recipe, by: PKI.shared.root())
    let block = try PEMBlock.all(in: Array(credential.keyPEM.utf8))[0]
    return (SigningKey(try PrivateKey(pem: block)), credential)
  }
}
