import COpenSSL

extension OpenSSLLibrary {
  /// Removes from OpenSSL's default provider the key types, and the decoders of keys, that no certificate in TLS uses.
  ///
  /// For each public key that it reads, OpenSSL 3.0 searches all key types and decoders, some ninety, which costs more than verifying a
  /// signature with that key. With the rest, reading is three times as fast.
  ///
  /// Call this after the configuration has been read and before anything is fetched. If the system's configuration selects the providers
  /// (FIPS), it takes precedence, and this does nothing.
  ///
  /// - Returns: whether they were removed.
  @discardableResult
  public static func keepCertificateKeysOnly() -> Bool { CertificateKeysProvider.isLoaded }
}

/// The default provider without the algorithms that `OpenSSLLibrary.keepCertificateKeysOnly` leaves out.
enum CertificateKeysProvider {
  static let name = "agentd-certificate-keys"

  static let isLoaded: Bool = {
    OPENSSL_init_crypto(UInt64(OPENSSL_INIT_LOAD_CONFIG), nil)
    guard StandardProvider.original != nil, OSSL_PROVIDER_add_builtin(nil, name, start) == 1,
      // The first provider loaded by name prevents the fallback to the default provider.
      let provider = OSSL_PROVIDER_load(nil, name)
    else {
      ERR_clear_error()
      return false
    }
    if StandardProvider.namesInUse == [name] { return true }
    OSSL_PROVIDER_unload(provider)
    return false
  }()

  private static let start: ProviderStart = { _, _, functions, context in
    StandardProvider.start(table, functions, context)
  }

  nonisolated(unsafe) private static let table = StandardProvider.table { _, operation, mayNotBeCached in
    switch operation {
    case OSSL_OP_KEYMGMT:
      mayNotBeCached?.pointee = 0
      return keyManagement
    case OSSL_OP_DECODER:
      mayNotBeCached?.pointee = 0
      return decoders
    default: return OSSL_PROVIDER_query_operation(StandardProvider.original, operation, mayNotBeCached)
    }
  }

  /// The key types of certificates, of key exchange, and of the key derivation in TLS.
  nonisolated(unsafe) private static let keyManagement = StandardProvider.algorithms(
    OSSL_OP_KEYMGMT, named: certificateKeys.union(["X25519", "X448", "HKDF", "TLS1-PRF", "HMAC"]))

  /// The decoders of public keys in certificates, RFC 5280 section 4.1.2.7.
  nonisolated(unsafe) private static let decoders = algorithmTable(
    StandardProvider.algorithms(OSSL_OP_DECODER).filter {
      let properties = $0.property_definition.map { String(cString: $0) } ?? ""
      return certificateKeys.contains(StandardProvider.firstName($0)) && properties.contains("input=der")
        && properties.contains("structure=SubjectPublicKeyInfo")
    })

  private static let certificateKeys: Set = ["RSA", "RSA-PSS", "EC", "ED25519", "ED448"]
}
