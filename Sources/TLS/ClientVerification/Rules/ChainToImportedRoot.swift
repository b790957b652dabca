import OpenSSL

/// The chain ends in a root that the administrator imported; what the system trusts does not count.
struct ChainToImportedRoot: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let certificate = candidate.chain[depth]
    if candidate.has(.selfSigned, at: depth) { return .selfSigned }
    if candidate.has(.foreignRoot, at: depth) {
      return .foreignRoot(
        candidate.link(depth), sameNameAsImported: Self.isImportedName(certificate.subject, candidate))
    }
    // Nobody looked for its issuer.
    if candidate.has(.chainTooLong, at: depth) { return nil }
    // Where OpenSSL has no objection, its last word is checked against the list of roots all the same.
    let isLast = depth == candidate.chain.count - 1
    guard candidate.has(.missingIssuer, at: depth) || (isLast && !candidate.roots.contains(certificate)) else {
      return nil
    }
    let issuer = certificate.issuer
    return .missingIssuer(
      of: candidate.link(depth), issuer: issuer, sameNameAsImported: Self.isImportedName(issuer, candidate))
  }

  private static func isImportedName(_ name: String, _ candidate: Candidate) -> Bool {
    candidate.roots.contains { $0.subject == name }
  }
}
