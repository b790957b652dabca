import OpenSSL

/// The revocation list of an issuer, where one is held, can be used, and is in date unless the administrator chose otherwise.
struct UsableRevocationLists: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let issuer = candidate.chain[depth].issuer
    if candidate.has(.revocationListExpired, at: depth) {
      let due = candidate.revocationLists.filter { $0.issuer == issuer }.compactMap(\.nextUpdate)
      return .revocationListExpired(issuer: issuer, since: due.max())
    }
    return (candidate.finding(.revocationListUnusable, at: depth) ?? candidate.finding(.noRevocationList, at: depth))
      .map { .revocationListUnusable(issuer: issuer, detail: $0.text) }
  }
}
