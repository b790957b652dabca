import OpenSSL

/// The chain ends in a root that the administrator imported; what the system trusts does not count.
struct ChainToImportedRoot: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    if candidate.finding(.selfSigned) != nil { return .selfSigned }
    if let finding = candidate.finding(.foreignRoot) {
      let root = candidate.certificate(finding)
      return .foreignRoot(candidate.link(finding), sameNameAsImported: isImportedName(root.subject, candidate))
    }
    if let finding = candidate.finding(.missingIssuer) {
      return missingIssuer(candidate.certificate(finding), candidate)
    }
    // OpenSSL has no objection: its last word is checked against the list of roots all the same.
    guard let last = candidate.chain.last, candidate.roots.contains(last) else {
      return missingIssuer(candidate.chain.last ?? candidate.leaf, candidate)
    }
    return nil
  }

  private func missingIssuer(_ certificate: Certificate, _ candidate: Candidate) -> Breach {
    let issuer = certificate.issuer
    return .missingIssuer(
      of: Link(certificate, isClient: certificate == candidate.leaf), issuer: issuer,
      sameNameAsImported: isImportedName(issuer, candidate))
  }

  private func isImportedName(_ name: String, _ candidate: Candidate) -> Bool {
    candidate.roots.contains { $0.subject == name }
  }
}
