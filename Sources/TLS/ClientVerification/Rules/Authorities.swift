import OpenSSL

/// Every issuer is a CA: version 3, basic constraints `CA:TRUE`, and a key usage, if any, that allows issuing.
struct Authorities: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    guard candidate.has(.notAnAuthority, at: depth) || (depth > 0 && !candidate.chain[depth].isCA) else { return nil }
    return .notAnAuthority(candidate.link(depth), version: candidate.chain[depth].version)
  }
}
