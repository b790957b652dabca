import COpenSSL

/// OpenSSL's lists of certificates.
enum CertificateStack {
  /// Returns the certificates of a list, which is not changed.
  static func certificates(_ stack: OpaquePointer?) -> [Certificate] {
    (0..<cssl_X509_stack_count(stack)).compactMap { index in
      cssl_X509_stack_at(stack, index).map { Certificate(sharing: $0) }
    }
  }

  /// Calls `body` with a list of `certificates` that is valid during the call.
  static func with<Result>(_ certificates: [Certificate], _ body: (OpaquePointer?) -> Result) -> Result {
    let stack = cssl_X509_stack_new()
    defer { cssl_X509_stack_free(stack) }
    for certificate in certificates { _ = cssl_X509_stack_push(stack, certificate.pointer) }
    return withExtendedLifetime(certificates) { body(stack) }
  }
}
