import COpenSSL

/// The path that X509_verify_cert(3) found from a certificate towards a root, with every objection to it.
package struct CertificatePath: Sendable {
  /// From the client's certificate as far as issuers were found.
  package let chain: [Certificate]
  /// All objections, in the order OpenSSL raised them. A path without any is valid.
  package let findings: [PathFinding]
}

/// Builds and checks certification paths (RFC 5280 section 6) to a fixed set of roots, at OpenSSL's security level 2.
package final class CertificatePathBuilder: @unchecked Sendable {  // an X509_STORE has its own lock
  private let store: OpaquePointer
  private let intermediates: [Certificate]
  private let checksRevocation: Bool

  /// - Parameter maximumChain: the most certificates in a path, the client's and the root's included.
  package init(
    roots: [Certificate], intermediates: [Certificate], revocationLists: [RevocationList], maximumChain: Int
  ) throws(OpenSSLError) {
    self.intermediates = intermediates
    checksRevocation = !revocationLists.isEmpty
    ERR_clear_error()
    // A store made so holds nothing of the system's own.
    store = try checked("make certificate store", X509_STORE_new())
    for root in roots { try checked("trust root \(root.subject)", X509_STORE_add_cert(store, root.pointer)) }
    for list in revocationLists {
      try checked("use revocation list of \(list.issuer)", X509_STORE_add_crl(store, list.pointer))
    }
    let parameters = X509_STORE_get0_param(store)
    X509_VERIFY_PARAM_set_auth_level(parameters, 2)
    // OpenSSL counts neither the first nor the last.
    X509_VERIFY_PARAM_set_depth(parameters, Int32(maximumChain - 2))
    try checked("set purpose", X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT))
    X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_X509_STRICT))
    if checksRevocation {
      X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
    }
  }

  deinit { X509_STORE_free(store) }

  /// The best path from `leaf`, as of `time` (seconds since the epoch).
  package func path(from leaf: Certificate, presented: [Certificate], at time: Int64) -> CertificatePath {
    defer { ERR_clear_error() }
    return CertificateStack.with(presented + intermediates) { untrusted in
      guard let context = X509_STORE_CTX_new() else { return Self.impossible(leaf) }
      defer { X509_STORE_CTX_free(context) }
      guard X509_STORE_CTX_init(context, store, leaf.pointer, untrusted) == 1 else { return Self.impossible(leaf) }
      X509_STORE_CTX_set_time(context, 0, time_t(time))
      return Self.run(context, leaf)
    }
  }

  private static func run(_ context: OpaquePointer, _ leaf: Certificate) -> CertificatePath {
    let findings = Findings()
    X509_STORE_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(findings).toOpaque())
    X509_STORE_CTX_set_verify_cb(context) { isGood, context in
      if isGood == 0, let context { Findings.of(context)?.note(context) }
      return 1  // go on: the rules want to see everything that is wrong
    }
    let outcome = withExtendedLifetime(findings) { X509_verify_cert(context) }
    // A failure without an objection is one of the library, for example memory.
    if outcome != 1 && findings.all.isEmpty { findings.note(context) }
    let chain = CertificateStack.certificates(X509_STORE_CTX_get0_chain(context))
    return CertificatePath(chain: chain.isEmpty ? [leaf] : chain, findings: findings.all)
  }

  private static func impossible(_ leaf: Certificate) -> CertificatePath {
    let text = OpenSSLError.take("verify certificate").description
    return CertificatePath(
      chain: [leaf], findings: [PathFinding(fault: .other, depth: 0, certificate: leaf, text: text)])
  }
}

/// Collects what the verify callback is told.
private final class Findings {
  var all: [PathFinding] = []

  static func of(_ context: OpaquePointer) -> Findings? {
    X509_STORE_CTX_get_ex_data(context, 0).map { Unmanaged<Findings>.fromOpaque($0).takeUnretainedValue() }
  }

  func note(_ context: OpaquePointer) {
    let code = X509_STORE_CTX_get_error(context)
    let certificate = X509_STORE_CTX_get_current_cert(context).map { Certificate(sharing: $0) }
    all.append(
      PathFinding(
        fault: PathFault(code), depth: Int(X509_STORE_CTX_get_error_depth(context)), certificate: certificate,
        text: String(cString: X509_verify_cert_error_string(Int(code)))))
  }
}
