import OpenSSL

/// Every certificate of the chain is signed by the next one.
struct Signatures: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    candidate.finding(.badSignature).map { .badSignature(candidate.link($0)) }
  }
}
