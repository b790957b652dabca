import OpenSSL

/// The revocation list of an issuer, if there is one, is usable, and has not expired unless the administrator tolerates that.
struct UsableRevocationLists: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let issuer = candidate.chain[depth].issuer
    switch candidate.revocation(at: depth) {
    case .outOfDate(let since) where candidate.expiredRevocationLists == .refuse:
      return .revocationListExpired(issuer: issuer, since: since)
    case .unusable(let detail): return .revocationListUnusable(issuer: issuer, detail: detail)
    default: return nil
    }
  }
}
