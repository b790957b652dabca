import OpenSSL

/// Every certificate of the chain is valid now.
struct ValidityPeriod: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let (certificate, now) = (candidate.chain[depth], candidate.time)
    if candidate.has(.expired, at: depth) {
      return .expired(candidate.link(depth), since: certificate.notAfter, now: now)
    }
    guard candidate.has(.notYetValid, at: depth) else { return nil }
    return .notYetValid(candidate.link(depth), from: certificate.notBefore, now: now)
  }
}
