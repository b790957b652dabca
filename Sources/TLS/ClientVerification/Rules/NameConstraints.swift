import OpenSSL

/// All names are within the name constraints of the issuers above them (RFC 5280 section 4.2.1.10).
struct NameConstraints: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    candidate.finding(.nameConstraint, at: depth).map { .nameConstraint(candidate.link(depth), detail: $0.text) }
  }
}
