import OpenSSL

/// All names satisfy the name constraints of the issuers above them (RFC 5280 section 4.2.1.10), in a form that can be checked.
struct NameConstraints: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    let detail = candidate.finding(.nameConstraint, at: depth)?.text ?? Self.fault(at: depth, of: candidate)
    return detail.map { .nameConstraint(candidate.link(depth), detail: $0) }
  }

  private static func fault(at depth: Int, of candidate: Candidate) -> String? {
    let constraints = candidate.chain[(depth + 1)...].compactMap { CertificateNameConstraints(of: $0) }
    if constraints.isEmpty { return nil }
    let names = candidate.chain[depth].constrainedNames
    return constraints.lazy.flatMap { one in names.lazy.compactMap { one.fault(of: $0) } }.first
  }
}
