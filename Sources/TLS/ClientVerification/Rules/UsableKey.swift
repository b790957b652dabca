import OpenSSL

/// The client's key can authenticate in our handshakes, where its signature is checked after this verdict.
struct UsableKey: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    guard depth == 0, !candidate.leaf.hasHandshakeKey else { return nil }
    return .unusableKey(candidate.link(depth), key: candidate.leaf.keyDescription)
  }
}
