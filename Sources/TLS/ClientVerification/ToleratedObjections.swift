import OpenSSL

/// Objections of OpenSSL that do not keep a client out, and why.
enum ToleratedObjections {
  static func remove(
    from findings: [PathFinding], chain: [Certificate], revocationLists: [RevocationList],
    expiredRevocationLists: ClientVerifier.ExpiredRevocationLists
  ) -> [PathFinding] {
    findings.filter { finding in
      switch finding.fault {
      // Four of the points of form that X509_V_FLAG_X509_STRICT adds, which RFC 5280 asks of CAs and which few that are
      // made by hand keep: subject and authority key identifiers, `critical` on basic constraints, a key usage in CA
      // certificates (`openssl req -x509` made roots without one for years). Signatures are checked and CA flags asked for all
      // the same. All others refuse: among them a path length without CA, explicit curve parameters, an empty name of an
      // issuer, extensions in a certificate that is not of version 3, two algorithms that differ for one signature.
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
