import COpenSSL

/// SSL_CTX_set_cert_verify_callback(3): instead of OpenSSL's own verification, the context's closure decides.
let verifyClient: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { context, argument in
  guard let context, let argument, let leaf = X509_STORE_CTX_get0_cert(context) else { return 0 }
  let untrusted = CertificateStack.certificates(X509_STORE_CTX_get0_untrusted(context))
  let presented = PresentedChain(
    // OpenSSL lists the leaf among the others.
    leaf: Certificate(sharing: leaf), intermediates: untrusted.filter { $0.pointer != leaf })
  let connection = TLSConnection.of(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()))
  let verdict = TLSServerContext.of(argument).verify(presented)
  connection?.note(presented.leaf, verdict)
  switch verdict {
  case .accepted:
    X509_STORE_CTX_set_error(context, X509_V_OK)
    return 1
  case .refused(let alert, _):
    X509_STORE_CTX_set_error(context, alert.verificationError)
    return 0
  }
}

extension CertificateAlert {
  /// The error for which libssl sends this alert; SSL_get_verify_result(3) and RFC 8446 section 6.2.
  var verificationError: Int32 {
    switch self {
    case .badCertificate: X509_V_ERR_CERT_REJECTED
    case .unsupportedCertificate: X509_V_ERR_INVALID_PURPOSE
    case .revoked: X509_V_ERR_CERT_REVOKED
    case .expired: X509_V_ERR_CERT_HAS_EXPIRED
    case .unknownAuthority: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    case .badSignature: X509_V_ERR_CERT_SIGNATURE_FAILURE
    case .handshakeFailure: X509_V_ERR_APPLICATION_VERIFICATION
    }
  }
}
