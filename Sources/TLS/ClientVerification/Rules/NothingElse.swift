import OpenSSL

/// OpenSSL has no objection that the rules before this one have not named. Among these are the strict points of form
/// (X509_V_FLAG_X509_STRICT) that are not excepted in `ToleratedObjections`.
struct NothingElse: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    candidate.findings(at: depth).first.map { .other(candidate.link(depth), detail: $0.text) }
  }
}
