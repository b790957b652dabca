import OpenSSL

/// Keys and digests have at least 112 bits of strength: OpenSSL's security level 2 (SSL_CTX_set_security_level(3)).
struct Strength: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    if let finding = candidate.finding(.weakKey) {
      return .weakKey(candidate.link(finding), key: candidate.certificate(finding).keyDescription)
    }
    return candidate.finding(.weakDigest).map { .weakDigest(candidate.link($0)) }
  }
}
