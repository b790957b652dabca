import COpenSSL
import SystemCalls

/// What all connections of a TLS client share (an SSL_CTX). Immutable; new material needs a new context.
///
/// It allows TLS 1.2 with ECDHE and AEAD, and TLS 1.3. The server must present a chain to one of the given roots, for use by servers, with
/// keys and digests of OpenSSL's security level 2. The system's trust store is never used; no session is resumed.
public final class TLSClientContext: @unchecked Sendable {  // an SSL_CTX that is no longer changed has its own locks
  let pointer: OpaquePointer
  /// Whether the server must authenticate.
  let verifiesServer: Bool
  /// Returns the caller's objection to a server whose certificate is valid.
  let objection: @Sendable (Certificate) -> String?
  /// Finds other paths to the roots if OpenSSL's own search fails; `nil` without verification.
  private(set) var paths: CertificatePathBuilder?
  /// The names of the roots, for messages.
  private(set) var rootSubjects: [String] = []
  /// The maximum size of a server's certificates together, in bytes.
  static let maximumServerCertificateBytes = 32768
  /// The maximum number of certificates in a chain, including the server's own and the root.
  private static let maximumChain: Int32 = 8

  /// Creates a context.
  ///
  /// - Parameters:
  ///   - certificateChain: the client's certificate, then its issuers; the root may be omitted.
  ///   - privateKey: the key of the first certificate.
  ///   - roots: the certificates that a server's chain may end in; at least one.
  ///   - namesRoots: whether servers learn the names of the roots, to choose their certificate.
  ///   - objection: returns the objection to a server whose certificate is valid, or `nil`. The client's own certificate has not been sent
  ///     by then.
  /// - Throws: if the certificate is too weak, there is no root, or key and certificate do not match.
  public init(
    certificateChain: [Certificate], privateKey: PrivateKey, roots: [Certificate], namesRoots: Bool = false,
    objection: @escaping @Sendable (Certificate) -> String? = { _ in nil }
  ) throws(OpenSSLError) {
    self.objection = objection
    ERR_clear_error()
    pointer = try checked("make TLS context", SSL_CTX_new(TLS_client_method()))
    verifiesServer = true
    try restrictProtocol()
    try present(certificateChain, privateKey)
    try trust(roots)
    if namesRoots { name(roots) }
  }

  /// Creates a context for a client that presents no certificate, and names the roots to servers.
  public init(roots: [Certificate]) throws(OpenSSLError) {
    objection = { _ in nil }
    ERR_clear_error()
    pointer = try checked("make TLS context", SSL_CTX_new(TLS_client_method()))
    verifiesServer = true
    try restrictProtocol()
    try trust(roots)
    name(roots)
  }

  /// Creates a context for a client that presents no certificate and does not verify the server.
  ///
  /// Use it only to read what is then verified by other means; never send a secret.
  public init(withoutVerification: Void) throws(OpenSSLError) {
    objection = { _ in nil }
    ERR_clear_error()
    pointer = try checked("make TLS context", SSL_CTX_new(TLS_client_method()))
    verifiesServer = false
    try restrictProtocol()
    SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
  }

  deinit { SSL_CTX_free(pointer) }

  private func restrictProtocol() throws(OpenSSLError) {
    let minimum = max(TLS1_2_VERSION, cssl_SSL_CTX_get_min_proto_version(pointer))
    try checked("set TLS version", cssl_SSL_CTX_set_min_proto_version(pointer, minimum))
    try checked("set TLS version", cssl_SSL_CTX_set_max_proto_version(pointer, TLS1_3_VERSION))
    SSL_CTX_set_security_level(pointer, max(2, SSL_CTX_get_security_level(pointer)))
    try checked("set ciphers", SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM:ECDHE+CHACHA20"))
    SSL_CTX_set_options(pointer, cssl_options_client)
    SSL_CTX_clear_options(pointer, cssl_options_unsafe)
    cssl_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
    cssl_SSL_CTX_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN))
    cssl_SSL_CTX_set_max_cert_list(pointer, Self.maximumServerCertificateBytes)
    let protocols: [UInt8] = [8] + Array("http/1.1".utf8)
    // Zero means success, unlike for all other calls.
    guard SSL_CTX_set_alpn_protos(pointer, protocols, UInt32(protocols.count)) == 0 else {
      throw OpenSSLError.take("set ALPN")
    }
  }

  private func present(_ chain: [Certificate], _ key: PrivateKey) throws(OpenSSLError) {
    guard let certificate = chain.first else { throw .own("use client certificate", "there is none") }
    let outcome = CertificateStack.with(Array(chain.dropFirst())) { others in
      SSL_CTX_use_cert_and_key(pointer, certificate.pointer, key.pointer, others, 1)
    }
    try checked("use client certificate \(certificate.subject) with its key", outcome)
    try checked("use client certificate \(certificate.subject) with its key", SSL_CTX_check_private_key(pointer))
  }

  private func trust(_ roots: [Certificate]) throws(OpenSSLError) {
    rootSubjects = roots.map(\.subject)
    if roots.isEmpty { throw .own("verify servers", "there is no root certificate") }
    // A store created this way does not include the system's roots.
    let store = try checked("make certificate store", X509_STORE_new())
    SSL_CTX_set_cert_store(pointer, store)  // takes ownership
    for root in roots { try checked("trust root \(root.subject)", X509_STORE_add_cert(store, root.pointer)) }
    let parameters = SSL_CTX_get0_param(pointer)
    X509_VERIFY_PARAM_set_auth_level(parameters, 2)
    try checked("set purpose", X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER))
    // OpenSSL counts neither the first nor the last certificate.
    SSL_CTX_set_verify_depth(pointer, Self.maximumChain - 2)
    SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
    paths = try CertificatePathBuilder(roots, [], Int(Self.maximumChain), purpose: X509_PURPOSE_SSL_SERVER, 0)
    SSL_CTX_set_cert_verify_callback(pointer, verifyServer, nil)
  }
}

extension TLSClientContext {
  /// Creates a context from PEM.
  ///
  /// - Parameters:
  ///   - chain: the client's certificate, then its issuers.
  ///   - key: the private key, unencrypted.
  ///   - roots: the certificates that a server's chain may end in.
  /// - Throws: `OpenSSLError`, `PEMError` or `PrivateKeyError`.
  public convenience init(chainPEM chain: [UInt8], keyPEM key: SecretBytes, rootsPEM roots: [UInt8]) throws {
    guard let privateKey = try PrivateKey.first(inPEM: key) else {
      throw OpenSSLError.own("read private key", "there is none in the file")
    }
    try self.init(
      certificateChain: Certificate.all(inPEM: chain), privateKey: privateKey,
      roots: Certificate.all(inPEM: roots))
  }
}
