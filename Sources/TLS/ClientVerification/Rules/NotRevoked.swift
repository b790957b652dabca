import OpenSSL

/// No certificate of the chain is on its issuer's revocation list, if there is one. The root is trusted because it was imported.
struct NotRevoked: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    guard case .revoked(let since) = candidate.revocation(at: depth) else { return nil }
    return .revoked(candidate.link(depth), since: since)
  }
}
