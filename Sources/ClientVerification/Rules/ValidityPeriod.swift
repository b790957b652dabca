import OpenSSL

/// Every certificate of the chain is valid now.
struct ValidityPeriod: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    let now = candidate.time
    if let finding = candidate.finding(.expired) {
      return .expired(candidate.link(finding), since: candidate.certificate(finding).notAfter, now: now)
    }
    return candidate.finding(.notYetValid).map {
      .notYetValid(candidate.link($0), from: candidate.certificate($0).notBefore, now: now)
    }
  }
}
