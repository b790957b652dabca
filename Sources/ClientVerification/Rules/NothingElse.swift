import OpenSSL

/// OpenSSL has no objection that the rules before this one have not named.
struct NothingElse: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    candidate.findings.first.map { .other(candidate.link($0), detail: $0.text) }
  }
}
