import OpenSSL

/// Keys and digests have a strength of at least 112 bits: OpenSSL's security level 2 (SSL_CTX_set_security_level(3)).
struct Strength: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    if candidate.has(.weakKey, at: depth) {
      return .weakKey(candidate.link(depth), key: candidate.chain[depth].keyDescription)
    }
    return candidate.has(.weakDigest, at: depth) ? .weakDigest(candidate.link(depth)) : nil
  }
}
