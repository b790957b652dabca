import COpenSSL

/// The library context (OSSL_LIB_CTX(3)) of a server's handshakes, in which keys cannot be read.
///
/// libssl reads all certificates that a client sends, with their keys, in every handshake: a tenth of its cost, for
/// certificates that are nearly always known. Here it reads them without their keys; `SharedCertificates` puts others in
/// their place that have them.
enum HandshakeLibrary {
  private static let name = "agentd-handshakes"

  /// Nil where the system's configuration says which providers are to be used (FIPS): there handshakes have to use them.
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
    switch operation {
    case OSSL_OP_KEYMGMT:
      mayNotBeCached?.pointee = 0
      return CertificateKeysProvider.keyManagement
    case OSSL_OP_DECODER:
      mayNotBeCached?.pointee = 0
      return none
    default: return OSSL_PROVIDER_query_operation(StandardProvider.original, operation, mayNotBeCached)
    }
  }

  nonisolated(unsafe) private static let none = algorithmTable([])
}
