import OpenSSL

/// No certificate of the chain is on its issuer's revocation list, where one is held.
struct NotRevoked: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    if let finding = candidate.finding(.revoked) {
      let certificate = candidate.certificate(finding)
      let dates = candidate.revocationLists.filter { $0.issuer == certificate.issuer }
        .compactMap { $0.revocation(of: certificate) }
      return .revoked(candidate.link(finding), since: dates.min())
    }
    if let finding = candidate.finding(.revocationListExpired) {
      return .revocationListExpired(issuer: candidate.certificate(finding).issuer)
    }
    return (candidate.finding(.revocationListUnusable) ?? candidate.finding(.noRevocationList)).map {
      .revocationListUnusable(issuer: candidate.certificate($0).issuer, detail: $0.text)
    }
  }
}
