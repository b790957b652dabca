import OpenSSL

/// Every certificate's extensions are readable, unique and consistent with each other (RFC 5280 section 4.2).
struct WellFormed: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let certificate = candidate.chain[depth]
    guard certificate.isWellFormed else { return .malformed(candidate.link(depth), detail: nil) }
    if let fault = certificate.formFault { return .malformed(candidate.link(depth), detail: fault) }
    guard depth == 0, certificate.contradictsItselfAsCA else { return nil }
    return .malformed(
      candidate.link(depth),
      detail: "one of basic constraints and key usage says that it is a CA's, and the other does not")
  }
}
