import ClientVerification
import OpenSSL
import Values

/// When a client that is accepted now will be refused, and why.
struct ClientFate {
  let client: SeenClient
  /// The first second at which it is refused, since the epoch.
  let time: Int64
  let refusal: Refusal

  /// Asks `verifier` at every moment from `now` on at which its verdict can change.
  ///
  /// Returns `nil` for a client that is already refused, or that will never be.
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

  /// The last second of a validity period may count as inside or outside of it, so the next one is included.
  private static func moments(_ chain: [Certificate], _ lists: [RevocationList]) -> [Int64] {
    (chain.map(\.notAfter) + lists.compactMap(\.nextUpdate)).filter { $0 < .max }.flatMap { [$0, $0 + 1] }
  }

  /// The thumbprint of the issuer whose expiry causes the refusal; `nil` for the client's own certificate and any other cause.
  var issuer: Thumbprint? {
    if case .expired(let link, _, _) = refusal.breach, !link.isClient { link.sha256Thumbprint } else { nil }
  }

  /// The name of the issuer whose expired revocation list causes the refusal.
  var listIssuer: String? {
    if case .revocationListExpired(let issuer, _) = refusal.breach { issuer } else { nil }
  }
}
