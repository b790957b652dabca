import COpenSSL

/// The public half of a key pair.
public final class PublicKey: @unchecked Sendable {  // an EVP_PKEY in use is not changed, and has its own locks
  let pointer: OpaquePointer

  /// Takes ownership of one reference to `pointer`.
  init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  /// Creates the public key of a key pair.
  public convenience init(of key: PrivateKey) {
    EVP_PKEY_up_ref(key.pointer)
    self.init(owning: key.pointer)
  }

  deinit { EVP_PKEY_free(pointer) }

  /// The type and size of the key, for example `RSA 2048`, `P-256` or `Ed25519`.
  public var keyDescription: String { KeyDescription.text(pointer) }

  /// The strength in bits according to NIST SP 800-57; certificates need at least 112.
  public var securityBits: Int { Int(EVP_PKEY_get_security_bits(pointer)) }

  /// Whether a TLS server can authenticate with it: RSA, ECDSA or EdDSA.
  public var canSign: Bool {
    switch EVP_PKEY_get_base_id(pointer) {
    case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_ED448: true
    default: false
    }
  }

  /// SHA-256 of the SubjectPublicKeyInfo, in 64 lower-case hex digits.
  public var sha256: String {
    let count = i2d_PUBKEY(pointer, nil)
    guard count > 0 else { return "" }
    let der = [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      var cursor = buffer.baseAddress
      filled = Int(i2d_PUBKEY(pointer, &cursor))
    }
    return SHA256.hexadecimal(der)
  }
}
