import COpenSSL

/// A private key for many signatures: OpenSSL's lookups for a scheme are done once, not for each signature. For one thread at a time.
public final class SigningKey {
  private let key: PrivateKey
  private var operations: [SignatureScheme: SigningOperation] = [:]

  /// Creates a signing key for `key`.
  public init(_ key: PrivateKey) {
    self.key = key
  }

  /// Signs a handshake message.
  ///
  /// - Throws: if the key's type does not fit the scheme.
  public func sign(_ message: UnsafeRawBufferPointer, _ scheme: SignatureScheme) throws(OpenSSLError) -> [UInt8] {
    guard scheme.algorithm.fits(key.pointer) else { throw .own("sign", "the key has another type") }
    guard let digest = scheme.digest else { return try signWhole(message) }
    if let operation = operations[scheme] { return try operation.sign(message) }
    let operation = try SigningOperation(key, scheme, digest: digest)
    operations[scheme] = operation
    return try operation.sign(message)
  }

  /// Ed25519 hashes the message twice together with the key, so no digest can be signed.
  private func signWhole(_ message: UnsafeRawBufferPointer) throws(OpenSSLError) -> [UInt8] {
    ERR_clear_error()
    let context = try checked("sign", EVP_MD_CTX_new())
    defer { EVP_MD_CTX_free(context) }
    try checked("sign", EVP_DigestSignInit_ex(context, nil, nil, nil, nil, key.pointer, nil))
    var length = Int(EVP_PKEY_get_size(key.pointer))
    var signature = [UInt8](repeating: 0, count: length)
    let bytes = message.bindMemory(to: UInt8.self)
    try checked("sign", EVP_DigestSign(context, &signature, &length, bytes.baseAddress, bytes.count))
    return signature
  }
}

/// The algorithms of one scheme, bound to a key: EVP_PKEY_sign(3) may be called any number of times.
private final class SigningOperation {
  private let digest: OpaquePointer
  private let context: OpaquePointer
  private let longestSignature: Int

  init(_ key: PrivateKey, _ scheme: SignatureScheme, digest name: String) throws(OpenSSLError) {
    ERR_clear_error()
    digest = try checked("sign", EVP_MD_fetch(nil, name, nil))
    context = try checked("sign", EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil))
    longestSignature = Int(EVP_PKEY_get_size(key.pointer))
    try checked("sign", EVP_PKEY_sign_init(context))
    if scheme.algorithm == .rsaPSS { try usePSS(context) }
    try checked("sign", EVP_PKEY_CTX_set_signature_md(context, digest))
  }

  deinit {
    EVP_PKEY_CTX_free(context)
    EVP_MD_free(digest)
  }

  func sign(_ message: UnsafeRawBufferPointer) throws(OpenSSLError) -> [UInt8] {
    ERR_clear_error()
    var hash = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var hashLength: UInt32 = 0
    try checked("sign", EVP_Digest(message.baseAddress, message.count, &hash, &hashLength, digest, nil))
    var length = longestSignature
    var signature = [UInt8](repeating: 0, count: length)
    try checked("sign", EVP_PKEY_sign(context, &signature, &length, hash, Int(hashLength)))
    signature.removeLast(signature.count - length)
    return signature
  }
}
