import OpenSSL

/// The client's certificate, and every issuer that restricts purposes, allows client authentication.
///
/// An agent's listener certificate is not a connector certificate, whoever issued it. The client's key must be allowed to sign, because
/// that is what it does in TLS; OpenSSL also accepts key agreement.
struct ClientPurpose: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let certificate = candidate.chain[depth]
    // OpenSSL also accepts other extensions that state a purpose.
    if let usage = certificate.extendedKeyUsage, !usage.contains(.clientAuthentication) {
      return .wrongPurpose(
        candidate.link(depth), purpose: usage.contains(.serverAuthentication) ? .serversOnly : .otherUses)
    }
    if depth == 0, !certificate.allowsDigitalSignature {
      return .wrongPurpose(candidate.link(depth), purpose: .noSignatures)
    }
    // OpenSSL has this objection also to an issuer that is not a CA's, which another rule names.
    guard candidate.has(.wrongPurpose, at: depth), certificate.hasNetscapeType else { return nil }
    return .wrongPurpose(candidate.link(depth), purpose: .netscapeType)
  }
}
