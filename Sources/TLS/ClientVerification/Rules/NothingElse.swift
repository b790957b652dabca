import OpenSSL

/// OpenSSL has no objection that the previous rules do not name.
///
/// This includes the strict checks of X509_V_FLAG_X509_STRICT, except for those in `ToleratedObjections`.
struct NothingElse: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    candidate.findings(at: depth).first.map { .other(candidate.link(depth), detail: $0.text) }
  }
}
