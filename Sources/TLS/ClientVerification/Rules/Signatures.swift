import OpenSSL

/// Every certificate of the chain is signed by the next one.
struct Signatures: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    candidate.has(.badSignature, at: depth) ? .badSignature(candidate.link(depth)) : nil
  }
}
