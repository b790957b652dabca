import COpenSSL

/// A path from a certificate towards a root, with all objections of X509_verify_cert(3).
package struct CertificatePath: Sendable {
  /// From the client's certificate as far as issuers were found.
  package let chain: [Certificate]
  /// All objections, in the order in which OpenSSL raised them. A path without objections is valid.
  package let findings: [PathFinding]
}

/// Builds and checks certification paths (RFC 5280 section 6) to a fixed set of roots, at OpenSSL's security level 2.
///
/// It does not use revocation lists.
package final class CertificatePathBuilder: @unchecked Sendable {  // an X509_STORE has its own lock
  private let store: OpaquePointer
  private let roots: [Certificate]
  private let intermediates: [Certificate]
  private let maximumChain: Int

  /// Creates a builder for clients' paths.
  ///
  /// - Parameter maximumChain: the maximum number of certificates in a path, including the client's and the root's.
  package convenience init(
    roots: [Certificate], intermediates: [Certificate], maximumChain: Int
  ) throws(OpenSSLError) {
    // Policies: a CA that requires some marks them critical, and software that does not check must refuse (RFC 5280 section 4.2.1.11).
    try self.init(
      roots, intermediates, maximumChain, purpose: X509_PURPOSE_SSL_CLIENT,
      UInt(X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK))
  }

  init(
    _ roots: [Certificate], _ intermediates: [Certificate], _ maximumChain: Int, purpose: Int32, _ flags: UInt
  ) throws(OpenSSLError) {
    self.roots = roots
    self.intermediates = intermediates
    self.maximumChain = maximumChain
    ERR_clear_error()
    // A store created this way does not include the system's roots.
    store = try checked("make certificate store", X509_STORE_new())
    for root in roots { try checked("trust root \(root.subject)", X509_STORE_add_cert(store, root.pointer)) }
    let parameters = X509_STORE_get0_param(store)
    X509_VERIFY_PARAM_set_auth_level(parameters, 2)
    // OpenSSL counts neither the first nor the last certificate.
    X509_VERIFY_PARAM_set_depth(parameters, Int32(maximumChain - 2))
    try checked("set purpose", X509_VERIFY_PARAM_set_purpose(parameters, purpose))
    X509_VERIFY_PARAM_set_flags(parameters, flags)
    // Without it, OpenSSL refuses every chain with a CA that requires an explicit policy; RFC 5280 section 6.1.1 (c) defaults to any.
    try checked("accept any policy", X509_VERIFY_PARAM_add0_policy(parameters, OBJ_nid2obj(NID_any_policy)))
    X509_STORE_set_check_issued(store, isIssuer)
  }

  deinit { X509_STORE_free(store) }

  /// Returns the path that OpenSSL finds from `leaf` at `time` (seconds since the epoch).
  package func path(from leaf: Certificate, presented: [Certificate], at time: Int64) -> CertificatePath {
    run(leaf, presented + intermediates, Trial(), time)
  }

  /// Returns all paths from `leaf` to a root with valid signatures, each lazily checked by OpenSSL.
  ///
  /// - Parameter parameters: an X509_VERIFY_PARAM that replaces the builder's own.
  package func paths(
    from leaf: Certificate, presented: [Certificate], at time: Int64, _ parameters: OpaquePointer? = nil
  ) -> some Sequence<CertificatePath> {
    PathSearch.paths(
      from: leaf, others: presented + intermediates, roots: roots, maximumLength: maximumChain, at: time
    ).lazy.map { [self] in run(leaf, Array($0.dropFirst()), Trial(along: $0), time, parameters) }
  }

  private func run(
    _ leaf: Certificate, _ others: [Certificate], _ trial: Trial, _ time: Int64, _ parameters: OpaquePointer? = nil
  ) -> CertificatePath {
    defer { ERR_clear_error() }
    return CertificateStack.with(others) { untrusted in
      guard let context = X509_STORE_CTX_new() else { return Self.impossible(leaf) }
      defer { X509_STORE_CTX_free(context) }
      guard X509_STORE_CTX_init(context, store, leaf.pointer, untrusted) == 1 else { return Self.impossible(leaf) }
      if parameters != nil { X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(context), parameters) }
      X509_STORE_CTX_set_time(context, 0, time_t(time))
      return Self.run(context, leaf, trial)
    }
  }

  private static func run(_ context: OpaquePointer, _ leaf: Certificate, _ trial: Trial) -> CertificatePath {
    X509_STORE_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(trial).toOpaque())
    X509_STORE_CTX_set_verify_cb(context) { isGood, context in
      if isGood == 0, let context { Trial.of(context)?.note(context) }
      return 1  // continue: the rules need to see every fault
    }
    let outcome = withExtendedLifetime(trial) { X509_verify_cert(context) }
    // A failure without an objection is an error of the library, such as lack of memory.
    if outcome != 1 && trial.findings.isEmpty { trial.note(context) }
    let chain = CertificateStack.certificates(X509_STORE_CTX_get0_chain(context))
    return CertificatePath(chain: chain.isEmpty ? [leaf] : chain, findings: trial.findings)
  }

  private static func impossible(_ leaf: Certificate) -> CertificatePath {
    let text = OpenSSLError.take("verify certificate").description
    return CertificatePath(
      chain: [leaf], findings: [PathFinding(fault: .other, depth: 0, certificate: leaf, text: text)])
  }
}

/// X509_STORE_set_check_issued(3): OpenSSL's own check and, on a given path, only from each certificate to the next.
private let isIssuer: X509_STORE_CTX_check_issued_fn = { context, certificate, issuer in
  guard let context, let certificate, let issuer, mayHaveIssued(issuer, certificate) else { return 0 }
  return Trial.of(context)?.allows(certificate, issuer) == false ? 0 : 1
}

/// The state of one call of X509_verify_cert(3) for its callbacks.
private final class Trial {
  private(set) var findings: [PathFinding] = []
  /// The path to check; empty if OpenSSL searches for one.
  private let path: [Certificate]

  init(along path: [Certificate] = []) { self.path = path }

  static func of(_ context: OpaquePointer) -> Trial? {
    X509_STORE_CTX_get_ex_data(context, 0).map { Unmanaged<Trial>.fromOpaque($0).takeUnretainedValue() }
  }

  func allows(_ certificate: OpaquePointer, _ issuer: OpaquePointer) -> Bool {
    if path.isEmpty || certificate == issuer { return true }
    guard let index = path.firstIndex(where: { $0.pointer == certificate || X509_cmp($0.pointer, certificate) == 0 })
    else { return false }
    return index + 1 < path.count && X509_cmp(path[index + 1].pointer, issuer) == 0
  }

  func note(_ context: OpaquePointer) {
    let code = X509_STORE_CTX_get_error(context)
    let certificate = X509_STORE_CTX_get_current_cert(context).map { Certificate(sharing: $0) }
    findings.append(
      PathFinding(
        fault: PathFault(code), depth: Int(X509_STORE_CTX_get_error_depth(context)), certificate: certificate,
        text: String(cString: X509_verify_cert_error_string(Int(code))) + PathFault.explanation(code)))
  }
}
