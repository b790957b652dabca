import OpenSSL

/// No certificate of the chain has a critical extension that OpenSSL does not know (RFC 5280 section 4.2).
struct KnownCriticalExtensions: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    candidate.has(.unknownCriticalExtension, at: depth) ? .unknownCriticalExtension(candidate.link(depth)) : nil
  }
}
