import OpenSSL

/// No CA has more CAs below it than its path length constraint allows (RFC 5280 section 4.2.1.9).
struct PathLengths: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    candidate.has(.pathLengthExceeded, at: depth) ? .pathLengthExceeded(candidate.link(depth)) : nil
  }
}
