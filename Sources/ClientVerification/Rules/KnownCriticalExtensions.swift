import OpenSSL

/// No certificate of the chain has a critical extension that OpenSSL does not know (RFC 5280 section 4.2).
struct KnownCriticalExtensions: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    candidate.finding(.unknownCriticalExtension).map { .unknownCriticalExtension(candidate.link($0)) }
  }
}
