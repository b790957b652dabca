import OpenSSL

/// A chain has at most 8 certificates, including the client's and the root's.
struct ChainLength: ClientRule {
  static let limit = 8

  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    candidate.has(.chainTooLong, at: depth) || depth == Self.limit ? .chainTooLong(limit: Self.limit) : nil
  }
}
