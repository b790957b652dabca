import COpenSSL

/// SSL_CTX_set_cert_verify_callback(3): the context's closure decides instead of OpenSSL's own verification.
let verifyClient: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { context, argument in
  guard let context, let argument else { return 0 }
  let server = TLSServerContext.of(argument)
  let connection = TLSConnection.of(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()))
  // The client's own certificate is first; libssl keeps the rest of this list when this returns.
  let list = X509_STORE_CTX_get0_untrusted(context)
  guard let connection, let received = ReceivedCertificates(list, known: server.certificates) else { return 0 }
  let presented = received.presented
  let verdict = server.verify(presented)
  connection.note(presented.leaf, verdict)
  switch verdict {
  case .accepted:
    received.replace(in: list) { connection.keepDuringCall($0) }
    X509_STORE_CTX_set_error(context, X509_V_OK)
    return 1
  case .refused(let alert, _, _):
    X509_STORE_CTX_set_error(context, alert.verificationError)
    return 0
  }
}

/// The certificates that a client sent in this handshake, including their keys.
private struct ReceivedCertificates {
  private let known: SharedCertificates
  private let certificates: [(certificate: Certificate, der: [UInt8], isKnown: Bool)]

  /// - Returns: `nil` if there is none or one cannot be parsed again, which only happens without memory.
  init?(_ list: OpaquePointer?, known: SharedCertificates) {
    var certificates: [(Certificate, [UInt8], Bool)] = []
    for index in 0..<cssl_X509_stack_count(list) {
      guard let pointer = cssl_X509_stack_at(list, index) else { return nil }
      let der = Certificate.der(pointer)
      if let certificate = known.certificate(der: der) {
        certificates.append((certificate, der, true))
      } else if let certificate = Self.withKey(pointer, der) {
        certificates.append((certificate, der, false))
      } else {
        return nil
      }
    }
    if certificates.isEmpty { return nil }
    self.known = known
    self.certificates = certificates
  }

  private static func withKey(_ pointer: OpaquePointer, _ der: [UInt8]) -> Certificate? {
    HandshakeLibrary.context == nil ? Certificate(sharing: pointer) : try? Certificate(der: der)
  }

  var presented: PresentedChain {
    PresentedChain(leaf: certificates[0].certificate, intermediates: certificates.dropFirst().map(\.certificate))
  }

  /// Replaces libssl's certificates, which lack their keys, in its list, and stores these for other connections.
  ///
  /// - Parameter displaced: takes ownership of the references to libssl's own.
  func replace(in list: OpaquePointer?, _ displaced: (OpaquePointer) -> Void) {
    for (index, entry) in certificates.enumerated() {
      X509_up_ref(entry.certificate.pointer)
      if let own = cssl_X509_stack_replace(list, Int32(index), entry.certificate.pointer) { displaced(own) }
      if !entry.isKnown { known.keep(entry.certificate, der: entry.der) }
    }
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
    case .uncheckable: X509_V_ERR_CRL_PATH_VALIDATION_ERROR
    case .handshakeFailure: X509_V_ERR_APPLICATION_VERIFICATION
    }
  }
}
