import Glibc
import OpenSSL
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// Private keys in all the forms that CAs issue.
@Suite struct PrivateKeys {
  struct Form: Sendable, CustomTestStringConvertible {
    let key: CertificateRecipe.Key
    /// The `openssl` arguments that write it.
    let arguments: [String]
    let isEncrypted: Bool
    var testDescription: String { "\(key) \(arguments.joined(separator: " "))" }
  }

  static let cipher = ["-aes256", "-passout", "pass:opensesame"]
  static let forms: [Form] =
    [CertificateRecipe.Key.p256, .rsa2048, .ed25519].flatMap { key in
      [
        Form(key: key, arguments: ["pkey"], isEncrypted: false),
        Form(key: key, arguments: ["pkey"] + cipher, isEncrypted: true),
      ]
    } + [
      Form(key: .rsa2048, arguments: ["rsa", "-traditional"], isEncrypted: false),
      Form(key: .rsa2048, arguments: ["rsa", "-traditional"] + cipher, isEncrypted: true),
      Form(key: .p256, arguments: ["ec"], isEncrypted: false),
      Form(key: .p256, arguments: ["ec"] + cipher, isEncrypted: true),
    ]

  @Test(arguments: forms)
  func areRead(_ form: Form) throws {
    let credential = try PKI.shared.issue(
      CertificateRecipe("/CN=form", .client).with { $0.key = form.key }, by: PKI.shared.root())
    let path = "\(try PKI.shared.scratchFolder())/key.pem"
    try OpenSSLTool.run(form.arguments + ["-in", credential.keyPath, "-out", path], scratch: PKI.shared.folder)
    let key = try privateKey(path, password: form.isEncrypted ? "opensesame" : nil)
    #expect(try certificate(credential).matches(key))
    let pem = try key.pkcs8PEM().withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    #expect(pem == (try credential.keyPEM))
    guard form.isEncrypted else { return }
    #expect(throws: PrivateKeyError.passwordNeeded) { try privateKey(path) }
    #expect(throws: PrivateKeyError.wrongPassword) { try privateKey(path, password: "wrong") }
    #expect(throws: PrivateKeyError.wrongPassword) { try privateKey(path, password: "") }
    #expect(throws: PrivateKeyError.wrongPassword) {
      try privateKey(path, password: String(repeating: "x", count: 4096))
    }
  }

  /// One wrong password in 256 decrypts to valid padding: that must also be reported as a wrong password.
  @Test(arguments: [["ec"] + cipher, ["pkey"] + cipher])
  func everyWrongPasswordIsCalledWrong(_ arguments: [String]) throws {
    let credential = try PKI.shared.client("guessed", by: PKI.shared.root())
    let path = "\(try PKI.shared.scratchFolder())/key.pem"
    try OpenSSLTool.run(arguments + ["-in", credential.keyPath, "-out", path], scratch: PKI.shared.folder)
    for guess in 0..<800 {
      #expect(throws: PrivateKeyError.wrongPassword) { try privateKey(path, password: "guess \(guess)") }
    }
  }

  /// In a separate process: the legacy provider, which has this cipher, stays loaded in a process.
  @Test func cipherThatOpenSSLHasNotIsNoWrongPassword() async throws {
    let credential = try PKI.shared.client("old", by: PKI.shared.root())
    let path = "\(try PKI.shared.scratchFolder())/key.pem"
    try PKI.shared.openssl(
      "pkcs8", "-topk8", "-in", credential.keyPath, "-out", path, "-v1", "PBE-MD5-DES", "-passout", "pass:opensesame",
      "-provider", "legacy", "-provider", "default")
    let result = try await run(BuiltProduct.path("agentd-test-roles"), "read-key", path, "opensesame")
    #expect(result.end == .exited(1))
    #expect(result.outputText.hasPrefix("cannot read private key: unsupported ("), "\(result.outputText)")
  }

  @Test(arguments: ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"])
  func garbageIsNoKey(_ label: String) throws {
    let text = "-----BEGIN \(label)-----\nAAAAAAAAAAAA\n-----END \(label)-----\n"
    let block = try PEMBlock.all(in: Array(text.utf8))[0]
    let error = try #require(throws: PrivateKeyError.self) { try PrivateKey(pem: block) }
    guard case .unreadable(let reason) = error else { throw error }
    #expect(!reason.reasons.isEmpty)
  }

  @Test(arguments: [[], cipher])
  func derIsRead(_ encryption: [String]) throws {
    let credential = try PKI.shared.client("der", by: PKI.shared.root())
    let path = "\(try PKI.shared.scratchFolder())/key.der"
    let words = ["pkcs8", "-topk8", "-in", credential.keyPath, "-outform", "DER", "-out", path]
    let protection = encryption.isEmpty ? ["-nocrypt"] : ["-v2", "aes256", "-passout", "pass:opensesame"]
    try OpenSSLTool.run(words + protection, scratch: PKI.shared.folder)
    let bytes = SecretBytes(copying: try DurableFile.read(path, limit: 65536))
    let password = encryption.isEmpty ? nil : SecretBytes(copying: Array("opensesame".utf8))
    let key = try bytes.withUnsafeBytes { try PrivateKey(der: $0, password: password) }
    #expect(try certificate(credential).matches(key))
    if encryption.isEmpty { return }
    #expect(throws: PrivateKeyError.passwordNeeded) { try bytes.withUnsafeBytes { try PrivateKey(der: $0) } }
    #expect(throws: PrivateKeyError.wrongPassword) {
      try bytes.withUnsafeBytes { try PrivateKey(der: $0, password: SecretBytes(copying: Array("no".utf8))) }
    }
  }
}
