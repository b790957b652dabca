import OpenSSL

/// Objections of OpenSSL that do not keep a client out, and why.
enum ToleratedObjections {
  static func remove(
    from findings: [PathFinding], chain: [Certificate], revocationLists: [RevocationList],
    expiredRevocationLists: ClientVerifier.ExpiredRevocationLists
  ) -> [PathFinding] {
    findings.filter { finding in
      switch finding.fault {
      // Asked of CAs by RFC 5280, kept by few that are made by hand: key identifiers, `critical` on basic constraints,
      // a key usage in CA certificates. Signatures are checked and CA flags asked for all the same.
      case .tolerableForm: false
      case .revocationListExpired: expiredRevocationLists == .refuse
      case .noRevocationList: isListHeld(for: finding, chain: chain, revocationLists)
      default: true
      }
    }
  }

  /// Whether the issuer of the certificate in question has a list here. A list of another CA with the same name does
  /// not count, so that a CA can change its key.
  private static func isListHeld(
    for finding: PathFinding, chain: [Certificate], _ revocationLists: [RevocationList]
  ) -> Bool {
    let issuer = finding.depth + 1 < chain.count ? chain[finding.depth + 1] : chain.last
    guard let issuer else { return true }
    return revocationLists.contains { $0.isIssued(by: issuer) }
  }
}
