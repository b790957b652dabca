import COpenSSL
import SystemCalls

/// A private key. OpenSSL holds the secret and wipes it when the last reference is released.
public final class PrivateKey: @unchecked Sendable {  // an EVP_PKEY in use is not changed, and has its own locks
  package let pointer: OpaquePointer

  /// Takes ownership of one reference to `pointer`.
  package init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit { EVP_PKEY_free(pointer) }

  /// The type and size of the key, for example `RSA 2048`, `P-256` or `Ed25519`.
  public var keyDescription: String { KeyDescription.text(pointer) }

  /// Returns whether both are the same key.
  public func isSame(as other: PrivateKey) -> Bool {
    defer { ERR_clear_error() }
    return EVP_PKEY_eq(pointer, other.pointer) == 1
  }

  /// Returns unencrypted PKCS#8 as a PEM block (`BEGIN PRIVATE KEY`).
  public func pkcs8PEM() throws(OpenSSLError) -> SecretBytes {
    let bio = try MemoryBIO(secret: ())
    ERR_clear_error()
    try checked("write private key", PEM_write_bio_PKCS8PrivateKey(bio.pointer, pointer, nil, nil, 0, nil, nil))
    return bio.secret()
  }
}

/// Why a private key could not be read.
public enum PrivateKeyError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The key is encrypted and no password was given.
  case passwordNeeded
  /// The key is encrypted with another password.
  case wrongPassword
  /// Decrypting it would take this many iterations of password hashing, more than `PasswordRounds.limit`.
  case tooManyRounds(Int64)
  /// The bytes are not a private key, or one of a type that OpenSSL cannot read here.
  case unreadable(OpenSSLError)

  /// One line without the file's name.
  public var description: String {
    switch self {
    case .passwordNeeded: "the private key is encrypted and needs its password"
    case .wrongPassword: "wrong password for the private key"
    case .tooManyRounds(let count): "the private key asks for \(count) iterations of password hashing"
    case .unreadable(let error): error.description
    }
  }
}

extension PrivateKey {
  /// Returns the first private key of a PEM text, which must be unencrypted.
  ///
  /// - Parameter limit: the maximum number of PEM blocks.
  /// - Returns: `nil` if there is none.
  /// - Throws: `PEMError` or `PrivateKeyError`.
  public static func first(inPEM text: SecretBytes, limit: Int = 1024) throws -> PrivateKey? {
    try PEMBlock.all(in: text, limit: limit).first { $0.kind == .privateKey }.map { try PrivateKey(pem: $0) }
  }

  /// Parses a PEM block of the kind `privateKey`: PKCS#8 or traditional (RSA, EC), encrypted or not.
  ///
  /// - Parameter password: at most 1,024 bytes; ignored if the key is not encrypted.
  public convenience init(pem block: PEMBlock, password: SecretBytes? = nil) throws(PrivateKeyError) {
    let isEncrypted = block.isEncrypted
    if isEncrypted && password == nil { throw .passwordNeeded }
    try Self.checkRounds(block.text.withUnsafeBytes(PasswordRounds.ofPEM))
    let pointer = block.text.withUnsafeBytes { Self.read($0, password: password) }
    guard let pointer else {
      let error = OpenSSLError.take("read private key")
      throw isEncrypted && !error.isUnsupportedAlgorithm ? .wrongPassword : .unreadable(error)
    }
    self.init(owning: pointer)
  }

  /// Parses DER: PKCS#8, encrypted or not, or a traditional RSA or EC key.
  ///
  /// - Parameter password: at most 1,024 bytes; ignored if the key is not encrypted.
  public convenience init(der: UnsafeRawBufferPointer, password: SecretBytes? = nil) throws(PrivateKeyError) {
    if Self.isEncryptedPKCS8(der) {
      try Self.checkRounds(PasswordRounds.ofPKCS8(der))
      guard let password else { throw .passwordNeeded }
      guard let pointer = Self.readEncryptedPKCS8(der, password: password) else {
        let error = OpenSSLError.take("read private key")
        throw error.isUnsupportedAlgorithm ? .unreadable(error) : .wrongPassword
      }
      self.init(owning: pointer)
      return
    }
    var cursor = der.bindMemory(to: UInt8.self).baseAddress
    ERR_clear_error()
    guard let pointer = d2i_AutoPrivateKey(nil, &cursor, der.count) else {
      throw .unreadable(.take("read private key"))
    }
    self.init(owning: pointer)
  }

  private static func checkRounds(_ rounds: Int64) throws(PrivateKeyError) {
    if rounds > PasswordRounds.limit { throw .tooManyRounds(rounds) }
  }

  private static func read(_ text: UnsafeRawBufferPointer, password: SecretBytes?) -> OpaquePointer? {
    ERR_clear_error()
    guard let bio = try? MemoryBIO(reading: text) else { return nil }
    guard let password else {
      // Without a callback, OpenSSL would ask on the terminal.
      return PEM_read_bio_PrivateKey(bio.pointer, nil, { _, _, _, _ in -1 }, nil)
    }
    return withExtendedLifetime(password) {
      PEM_read_bio_PrivateKey(bio.pointer, nil, copyPassword, Unmanaged.passUnretained(password).toOpaque())
    }
  }

  private static func isEncryptedPKCS8(_ der: UnsafeRawBufferPointer) -> Bool {
    var cursor = der.bindMemory(to: UInt8.self).baseAddress
    defer { ERR_clear_error() }
    guard let outer = d2i_X509_SIG(nil, &cursor, der.count) else { return false }
    X509_SIG_free(outer)
    return true
  }

  private static func readEncryptedPKCS8(_ der: UnsafeRawBufferPointer, password: SecretBytes) -> OpaquePointer? {
    ERR_clear_error()
    guard let bio = try? MemoryBIO(reading: der) else { return nil }
    return withExtendedLifetime(password) {
      d2i_PKCS8PrivateKey_bio(bio.pointer, nil, copyPassword, Unmanaged.passUnretained(password).toOpaque())
    }
  }
}

/// A pem_password_cb (PEM_read_bio_PrivateKey(3)) that returns the `SecretBytes` given as its argument.
private let copyPassword:
  @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
    target, capacity, _, argument in
    guard let target, let argument else { return -1 }
    let password = Unmanaged<SecretBytes>.fromOpaque(argument).takeUnretainedValue()
    return password.withUnsafeBytes { bytes in
      guard bytes.count <= Int(capacity) else { return -1 }
      UnsafeMutableRawBufferPointer(start: target, count: Int(capacity)).copyMemory(from: bytes)
      return Int32(bytes.count)
    }
  }
