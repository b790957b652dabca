import COpenSSL

extension TLSServerContext {
  /// The maximum number of names of a client that are compared.
  private static let maximumNames: Int32 = 64

  /// Returns the first identity whose issuer the client trusts; `nil` if it names none of them, or none at all.
  fileprivate func identity(forNames names: OpaquePointer?) -> Identity? {
    let count = min(cssl_X509_NAME_stack_count(names), Self.maximumNames)
    guard count > 0 else { return nil }
    return identities.first { identity in
      guard let leaf = identity.chain.first else { return false }
      let issuer = X509_get_issuer_name(leaf.pointer)
      return (0..<count).contains { X509_NAME_cmp(cssl_X509_NAME_stack_at(names, $0), issuer) == 0 }
    }
  }
}

/// SSL_CTX_set_cert_cb(3): a client that trusts an older CA alone gets a certificate of that one.
let chooseIdentity: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { connection, argument in
  guard let connection, let argument else { return 0 }
  guard let identity = TLSServerContext.of(argument).identity(forNames: SSL_get0_peer_CA_list(connection)),
    let leaf = identity.chain.first
  else { return 1 }
  return CertificateStack.with(Array(identity.chain.dropFirst())) { others in
    SSL_use_cert_and_key(connection, leaf.pointer, identity.key.pointer, others, 1)
  }
}

extension TLSClientContext {
  /// Names the roots to servers, which may have a certificate of each of several CAs.
  func name(_ roots: [Certificate]) {
    let names = cssl_X509_NAME_stack_new()
    for root in roots { _ = cssl_X509_NAME_stack_push(names, X509_NAME_dup(X509_get_subject_name(root.pointer))) }
    SSL_CTX_set0_CA_list(pointer, names)  // takes ownership
  }
}
