import OpenSSL

/// The client's certificate, and every issuer that names purposes, is meant for client authentication: an agent's own
/// listener certificate is no connector certificate, whoever signed it.
struct ClientPurpose: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    if let finding = candidate.finding(.wrongPurpose) {
      return .wrongPurpose(candidate.link(finding), purpose: purpose(candidate.certificate(finding)))
    }
    // OpenSSL accepts other marks of a purpose beside this one.
    if let usage = candidate.leaf.extendedKeyUsage, !usage.contains(.clientAuthentication) {
      return .wrongPurpose(Link(candidate.leaf, isClient: true), purpose: purpose(candidate.leaf))
    }
    return nil
  }

  private func purpose(_ certificate: Certificate) -> Breach.Purpose {
    guard let usage = certificate.extendedKeyUsage, !usage.contains(.clientAuthentication) else {
      return .noSignatures
    }
    return usage.contains(.serverAuthentication) ? .serversOnly : .otherUses
  }
}
