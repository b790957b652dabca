import OpenSSL

/// The chain ends in a root that the administrator imported; the system's trust store does not count.
struct ChainToImportedRoot: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let certificate = candidate.chain[depth]
    if candidate.has(.selfSigned, at: depth) { return .selfSigned }
    if candidate.has(.foreignRoot, at: depth) {
      let namesakes = candidate.roots.filter { certificate.hasSubject(of: $0) }
      return .foreignRoot(
        candidate.link(depth), namesake: Self.namesake(namesakes) { certificate.isRenewal(of: $0) })
    }
    // OpenSSL did not look for its issuer.
    if candidate.has(.chainTooLong, at: depth) { return nil }
    // Even if OpenSSL has no objection, the last certificate is checked against the list of roots.
    let isLast = depth == candidate.chain.count - 1
    guard candidate.has(.missingIssuer, at: depth) || (isLast && !candidate.roots.contains(certificate)) else {
      return nil
    }
    let namesakes = candidate.roots.filter { certificate.hasIssuerName(of: $0) }
    return .missingIssuer(
      of: candidate.link(depth), issuer: certificate.issuer,
      namesake: Self.namesake(namesakes) { certificate.isSigned(by: $0) })
  }

  private static func namesake(_ roots: [Certificate], hasKey: (Certificate) -> Bool) -> Breach.Namesake {
    // Bounded, so that many roots with one name do not make every stranger expensive.
    roots.isEmpty ? .none : roots.prefix(8).contains(where: hasKey) ? .otherIdentifier : .otherKey
  }
}
