import OpenSSL

/// Every certificate's extensions can be read, come once and agree with each other (RFC 5280 section 4.2).
struct WellFormed: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    candidate.chain[depth].isWellFormed ? nil : .malformed(candidate.link(depth))
  }
}
