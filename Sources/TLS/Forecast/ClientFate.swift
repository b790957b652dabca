import ClientVerification
import OpenSSL
import Values

/// When a client that is let in now will be no more, and why.
struct ClientFate {
  let client: SeenClient
  /// The first second at which it is refused; seconds since the epoch.
  let time: Int64
  let refusal: Refusal

  /// Asks `verifier` at every moment at which its verdict can change, from `now` on. `nil` for a client that is refused
  /// already, or will be let in for ever.
  init?(of client: SeenClient, by verifier: ClientVerifier, _ lists: [RevocationList], from now: Int64) {
    guard case .accepted(var chain, _) = client.verdict(of: verifier, at: now) else { return nil }
    var time = now
    while let next = Self.moments(chain, lists).filter({ $0 > time }).min() {
      time = next
      switch client.verdict(of: verifier, at: time) {
      case .accepted(let other, _): chain = other
      case .refused(let refusal):
        (self.client, self.time, self.refusal) = (client, time, refusal)
        return
      }
    }
    return nil
  }

  /// The last second of a validity may be in or out of it.
  private static func moments(_ chain: [Certificate], _ lists: [RevocationList]) -> [Int64] {
    (chain.map(\.notAfter) + lists.compactMap(\.nextUpdate)).filter { $0 < .max }.flatMap { [$0, $0 + 1] }
  }

  /// SHA-256 of the issuer that ends it; `nil` if it is the client's own certificate, or something else.
  var issuer: Thumbprint? {
    if case .expired(let link, _, _) = refusal.breach, !link.isClient { link.sha256Thumbprint } else { nil }
  }

  /// The name of the issuer whose revocation list ends it.
  var listIssuer: String? {
    if case .revocationListExpired(let issuer, _) = refusal.breach { issuer } else { nil }
  }
}
