import OpenSSL

/// All names are within the name constraints of the issuers above them (RFC 5280 section 4.2.1.10).
struct NameConstraints: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    candidate.finding(.nameConstraint).map { .nameConstraint(candidate.link($0), detail: $0.text) }
  }
}
