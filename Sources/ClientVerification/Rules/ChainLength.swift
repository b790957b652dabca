import OpenSSL

/// A chain has at most 8 certificates, the client's and the root's included.
struct ChainLength: ClientRule {
  static let limit = 8

  func breach(_ candidate: Candidate) -> Breach? {
    guard candidate.finding(.chainTooLong) != nil || candidate.chain.count > Self.limit else { return nil }
    return .chainTooLong(limit: Self.limit)
  }
}
