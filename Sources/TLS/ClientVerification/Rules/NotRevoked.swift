import OpenSSL

/// No certificate of the chain is on its issuer's revocation list, where one is held.
struct NotRevoked: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    guard candidate.has(.revoked, at: depth) else { return nil }
    let certificate = candidate.chain[depth]
    let dates = candidate.revocationLists.filter { $0.issuer == certificate.issuer }
      .compactMap { $0.revocation(of: certificate) }
    return .revoked(candidate.link(depth), since: dates.min())
  }
}
