import COpenSSL

/// The protocols of this server. The system's OpenSSL configuration may be stricter but never weaker.
extension TLSServerContext {
  func restrictProtocol() throws(OpenSSLError) {
    try checked("set TLS version", cssl_SSL_CTX_set_min_proto_version(pointer, max(TLS1_2_VERSION, systemMinimum)))
    try checked("set TLS version", cssl_SSL_CTX_set_max_proto_version(pointer, TLS1_3_VERSION))
    SSL_CTX_set_security_level(pointer, max(2, SSL_CTX_get_security_level(pointer)))
    try checked("set ciphers", SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM:ECDHE+CHACHA20"))
    // AES-128 first: as strong as P-256 and X25519, and a quarter faster than AES-256 for streamed output.
    let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    try checked("set ciphers", SSL_CTX_set_ciphersuites(pointer, suites))
    try KeyExchangeGroups.choose(for: pointer)
    forbidResumption()
  }

  /// The maximum length of skipped early data, in bytes; libssl's default.
  private static let skippedEarlyData: UInt32 = 16384

  private var systemMinimum: Int32 { cssl_SSL_CTX_get_min_proto_version(pointer) }

  private func forbidResumption() {
    let wanted = cssl_options_server
    SSL_CTX_set_options(pointer, wanted)
    SSL_CTX_clear_options(pointer, cssl_options_unsafe)
    SSL_CTX_set_num_tickets(pointer, 0)
    cssl_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
    // Early data is never accepted. If a client sends it anyway, for a previous session, it is skipped up to this length (RFC 8446 section
    // 4.2.10), and the handshake continues.
    SSL_CTX_set_max_early_data(pointer, 0)
    SSL_CTX_set_recv_max_early_data(pointer, Self.skippedEarlyData)
    // Buffers of 16 KiB per direction only while a record is in progress, not for every idle connection; and no search for the issuers of
    // our own certificate in every handshake, because the chain to send is given.
    cssl_SSL_CTX_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN))
  }

  func present(_ configuration: Configuration) throws(OpenSSLError) {
    guard let certificate = configuration.certificateChain.first else {
      throw .own("use listener certificate", "there is none")
    }
    let others = Array(configuration.certificateChain.dropFirst())
    let outcome = CertificateStack.with(others) { chain in
      SSL_CTX_use_cert_and_key(pointer, certificate.pointer, configuration.privateKey.pointer, chain, 1)
    }
    try checked("use listener certificate \(certificate.subject) with its key", outcome)
    // OpenSSL compares them when both are set, except if a key hides its public half.
    try checked("use listener certificate \(certificate.subject) with its key", SSL_CTX_check_private_key(pointer))
  }

  func demandClientCertificate(from authorities: [Certificate]) throws(OpenSSLError) {
    let mode = admitsAnonymousClients ? SSL_VERIFY_PEER : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
    SSL_CTX_set_verify(pointer, mode, nil)
    SSL_CTX_set_cert_verify_callback(pointer, verifyClient, callbackArgument)
    cssl_SSL_CTX_set_max_cert_list(pointer, maximumClientCertificateBytes)
    for authority in Self.namedToClients(authorities) {
      try checked("name authority \(authority.subject)", SSL_CTX_add_client_CA(pointer, authority.pointer))
    }
  }

  /// The maximum size of the names of CAs together, in bytes: Java accepts handshake messages of 32 KiB, and our certificates may follow.
  static let maximumAuthorityBytes = 16384

  /// Returns one certificate per name, or none if the names are too long: with an empty list a client presents any certificate that it has
  /// (RFC 5246 section 7.4.4), but with an incomplete one, perhaps none.
  private static func namedToClients(_ authorities: [Certificate]) -> [Certificate] {
    var seen: Set<[UInt8]> = []
    let named = authorities.filter { seen.insert($0.encodedSubject).inserted }
    return seen.reduce(0) { $0 + 2 + $1.count } > maximumAuthorityBytes ? [] : named
  }

  func chooseApplicationProtocol() {
    if applicationProtocols.isEmpty { return }
    SSL_CTX_set_alpn_select_cb(pointer, selectApplicationProtocol, callbackArgument)
  }
}

/// SSL_CTX_set_alpn_select_cb(3): the server's preference decides.
private let selectApplicationProtocol: SSL_CTX_alpn_select_cb_func = { _, chosen, length, offered, count, argument in
  guard let chosen, let argument else { return SSL_TLSEXT_ERR_ALERT_FATAL }
  // The answer points into our list, which lives as long as the context.
  return TLSServerContext.of(argument).applicationProtocols.withUnsafeBufferPointer { ours in
    var found: UnsafeMutablePointer<UInt8>?
    let outcome = SSL_select_next_proto(&found, length, ours.baseAddress, UInt32(ours.count), offered, count)
    guard outcome == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    chosen.pointee = UnsafePointer(found)
    return SSL_TLSEXT_ERR_OK
  }
}
