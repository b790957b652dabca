import OpenSSL

/// The client's certificate, and every issuer that names purposes, is meant for client authentication: an agent's own
/// listener certificate is no connector certificate, whoever signed it. The client's key may sign, which is what TLS has it
/// do: OpenSSL is content with key agreement, too.
struct ClientPurpose: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let certificate = candidate.chain[depth]
    // OpenSSL accepts other marks of a purpose beside this one.
    if let usage = certificate.extendedKeyUsage, !usage.contains(.clientAuthentication) {
      return .wrongPurpose(
        candidate.link(depth), purpose: usage.contains(.serverAuthentication) ? .serversOnly : .otherUses)
    }
    guard candidate.has(.wrongPurpose, at: depth) || (depth == 0 && !certificate.allowsDigitalSignature) else {
      return nil
    }
    return .wrongPurpose(candidate.link(depth), purpose: .noSignatures)
  }
}
