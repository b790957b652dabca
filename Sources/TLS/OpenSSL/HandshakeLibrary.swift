import COpenSSL

/// The library context (OSSL_LIB_CTX(3)) of a server's handshakes: it has only the algorithms of our TLS, and cannot read keys.
///
/// In every handshake, libssl parses all certificates that a client sends, including their keys, although they are almost always known. In
/// this context it parses them without keys, and `SharedCertificates` replaces them with certificates that have them. Even so, OpenSSL 3.0
/// first copies the lists of all algorithms for each certificate: with the complete default provider, some 250, that took a fifth of the
/// listener's time in a handshake.
enum HandshakeLibrary {
  private static let name = "agentd-handshakes"

  /// `nil` if the system's configuration selects the providers (FIPS), which handshakes must then use.
  nonisolated(unsafe) static let context: OpaquePointer? = {
    OPENSSL_init_crypto(UInt64(OPENSSL_INIT_LOAD_CONFIG), nil)
    guard StandardProvider.original != nil, StandardProvider.namesInUse.isSubset(of: ours),
      let context = OSSL_LIB_CTX_new()
    else {
      ERR_clear_error()
      return nil
    }
    if OSSL_PROVIDER_add_builtin(context, name, start) == 1, OSSL_PROVIDER_load(context, name) != nil { return context }
    OSSL_LIB_CTX_free(context)
    ERR_clear_error()
    return nil
  }()

  private static let ours: Set<String> = ["default", CertificateKeysProvider.name, "agentd-remote-keys"]

  private static let start: ProviderStart = { _, _, functions, context in
    StandardProvider.start(table, functions, context)
  }

  nonisolated(unsafe) private static let table = StandardProvider.table { _, operation, mayNotBeCached in
    mayNotBeCached?.pointee = 0
    return algorithms[operation] ?? none
  }

  /// By kind of operation, the algorithms that `TLSServerContext.restrictProtocol` allows, and those that they need.
  nonisolated(unsafe) private static let algorithms: [Int32: UnsafePointer<OSSL_ALGORITHM>] = {
    let names: [Int32: Set<String>] = [
      OSSL_OP_CIPHER: ["AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"],
      // OpenSSL identifies certificates by their SHA-1.
      OSSL_OP_DIGEST: ["SHA1", "SHA2-256", "SHA2-384", "SHA2-512"],
      OSSL_OP_MAC: ["HMAC"],
      OSSL_OP_KDF: ["HKDF", "TLS13-KDF", "TLS1-PRF"],
      OSSL_OP_RAND: ["CTR-DRBG", "SEED-SRC"],
      OSSL_OP_KEYMGMT: ["RSA", "RSA-PSS", "EC", "ED25519", "X25519", "ML-KEM-768", "X25519MLKEM768"],
      OSSL_OP_KEYEXCH: ["ECDH", "X25519"],
      // Older libraries have none of these.
      OSSL_OP_KEM: ["ML-KEM-768", "X25519MLKEM768"],
      OSSL_OP_SIGNATURE: ["RSA", "ECDSA", "ED25519"],
    ]
    return Dictionary(uniqueKeysWithValues: names.map { ($0, StandardProvider.algorithms($0, named: $1)) })
  }()

  nonisolated(unsafe) private static let none = algorithmTable([])
}
