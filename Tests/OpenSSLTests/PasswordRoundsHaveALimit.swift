import COpenSSL
import FoundationEssentials
import SystemCalls
import TestCertificates
import Testing

@testable import OpenSSL

/// A file that requires hours of password hashing is refused at once, wherever in it that is specified.
@Suite struct PasswordRoundsHaveALimit {
  private static let tooMany: Int64 = 0x7F_FFFF
  private let password = SecretBytes(copying: Array("secret".utf8))

  private func made(_ arguments: String...) throws -> [UInt8] {
    let path = "\(try PKI.shared.scratchFolder())/made"
    try OpenSSLTool.run(arguments + ["-out", path, "-passout", "pass:secret"], scratch: PKI.shared.folder)
    return try DurableFile.read(path, limit: 1 << 20)
  }

  /// Returns `bytes` with many rounds in one of the places that specify 65,536.
  private func patched(_ bytes: [UInt8], at place: Int = 0) throws -> [UInt8] {
    let places = bytes.indices.filter { bytes[$0...].starts(with: [0x02, 0x03, 0x01, 0x00, 0x00]) }
    let number = try #require(places.dropFirst(place).first) + 2
    var bytes = bytes
    bytes.replaceSubrange(number..<(number + 3), with: [0x7F, 0xFF, 0xFF])
    return bytes
  }

  private func container() throws -> [UInt8] {
    let credential = try PKI.shared.client("contained", by: PKI.shared.root())
    return try made(
      "pkcs12", "-export", "-iter", "65536", "-inkey", credential.keyPath, "-in", credential.chainPath)
  }

  private func read(_ container: [UInt8]) throws -> PKCS12 {
    try container.withUnsafeBytes { try PKCS12(der: $0, password: password) }
  }

  // The certificates, the key, the MAC.
  @Test(arguments: 0..<3) func ofEachPartOfAContainer(place: Int) throws {
    let container = try container()
    #expect(try read(container).key != nil)
    let error = try #require(throws: PKCS12Error.self) { try read(patched(container, at: place)) }
    #expect(error == .tooManyRounds(Self.tooMany + 2 * 65536))
  }

  @Test func ofAllPartsTogether() throws {
    // 0x3FFFFF each: allowed once, not three times.
    var container = try container()
    for _ in 0..<3 { container = try patched(container) }
    container = container.indices.reduce(into: container) { bytes, index in
      if container[index...].starts(with: [0x02, 0x03, 0x7F, 0xFF, 0xFF]) { bytes[index + 2] = 0x3F }
    }
    let error = try #require(throws: PKCS12Error.self) { try read(container) }
    #expect(error == .tooManyRounds(3 * 0x3F_FFFF))
  }

  @Test(arguments: [["-v2", "aes-256-cbc", "-iter", "65536"], ["-v1", "PBE-SHA1-3DES", "-iter", "65536"]])
  func ofAKey(protection: [String]) throws {
    let key = try PKI.shared.client("contained", by: PKI.shared.root()).keyPath
    let path = "\(try PKI.shared.scratchFolder())/key.der"
    let words = ["pkcs8", "-topk8", "-outform", "DER", "-in", key, "-out", path, "-passout", "pass:secret"]
    try OpenSSLTool.run(words + protection, scratch: PKI.shared.folder)
    let der = try DurableFile.read(path, limit: 1 << 20)
    #expect(throws: Never.self) { try der.withUnsafeBytes { try PrivateKey(der: $0, password: password) } }
    let bad = try patched(der)
    #expect(throws: PrivateKeyError.tooManyRounds(Self.tooMany)) {
      try bad.withUnsafeBytes { try PrivateKey(der: $0, password: password) }
    }
    let text = Data(bad).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
    let pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\(text)\n-----END ENCRYPTED PRIVATE KEY-----\n"
    let block = try #require(try PEMBlock.all(in: Array(pem.utf8)).first)
    #expect(throws: PrivateKeyError.tooManyRounds(Self.tooMany)) { try PrivateKey(pem: block, password: password) }
  }

  @Test func ofScrypt() throws {
    let key = try PKI.shared.client("contained", by: PKI.shared.root()).keyPath
    let der = try made(
      "pkcs8", "-topk8", "-scrypt", "-scrypt_N", "16", "-scrypt_r", "1", "-scrypt_p", "65536", "-outform", "DER", "-in",
      key)
    #expect(throws: Never.self) { try der.withUnsafeBytes { try PrivateKey(der: $0, password: password) } }
    #expect(throws: PrivateKeyError.tooManyRounds(16 * Self.tooMany)) {
      try patched(der).withUnsafeBytes { try PrivateKey(der: $0, password: password) }
    }
  }

  /// A key with many rounds in a part that is itself encrypted, with few.
  @Test func ofAKeyThatIsHidden() throws {
    let path = try PKI.shared.client("contained", by: PKI.shared.root()).keyPath
    let key = try PrivateKey(pem: PEMBlock.all(in: DurableFile.read(path, limit: 1 << 20))[0])
    var bags, safes: OpaquePointer?
    let bag = try #require(
      PKCS12_add_key(&bags, key.pointer, 0, 65536, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "secret"))
    var algorithm: UnsafePointer<X509_ALGOR>?
    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, nil)
    let parameter = try #require(algorithm?.pointee.parameter?.pointee.value.sequence)
    let bytes = UnsafeMutableBufferPointer(start: parameter.pointee.data, count: Int(parameter.pointee.length))
    _ = bytes.update(fromContentsOf: try patched(Array(bytes)))
    #expect(PKCS12_add_safe(&safes, bags, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 1, "secret") == 1)
    let container = try #require(PKCS12_add_safes(safes, 0))
    defer { PKCS12_free(container) }
    #expect(PKCS12_set_mac(container, "secret", -1, nil, 0, 1, EVP_sha256()) == 1)
    var der: UnsafeMutablePointer<UInt8>?
    let count = i2d_PKCS12(container, &der)
    defer { free(der) }
    #expect(throws: PKCS12Error.tooManyRounds(Self.tooMany)) {
      try read(Array(UnsafeBufferPointer(start: der, count: Int(count))))
    }
  }
}
