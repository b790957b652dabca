import Glibc
import OpenSSL

/// The gate: decides from certificates alone whether a client is let in. Immutable; new material means a new verifier.
///
/// The listener asks it in every handshake and `agent-register -V` asks it about files, so that both say the same.
public final class ClientVerifier: Sendable {
  /// What an out-of-date revocation list does to the clients of its issuer.
  public enum ExpiredRevocationLists: Sendable {
    /// They are refused.
    case refuse
    /// They are let in unless the old list names them.
    case accept
  }

  private let paths: CertificatePathBuilder
  private let roots: [Certificate]
  private let revocationLists: [RevocationList]
  private let expiredRevocationLists: ExpiredRevocationLists

  /// A gate that trusts `roots` and nothing else; the system's own trust store is never looked at.
  ///
  /// - Parameters:
  ///   - roots: self-signed certificates that a client's chain may end in.
  ///   - intermediates: issuers that complete chains whose clients do not send them. They are not trusted by themselves.
  ///   - revocationLists: an issuer without a list here revokes nothing.
  public init(
    roots: [Certificate], intermediates: [Certificate] = [], revocationLists: [RevocationList] = [],
    expiredRevocationLists: ExpiredRevocationLists = .refuse
  ) throws(OpenSSLError) {
    paths = try CertificatePathBuilder(
      roots: roots, intermediates: intermediates, revocationLists: revocationLists, maximumChain: ChainLength.limit)
    self.roots = roots
    self.revocationLists = revocationLists
    self.expiredRevocationLists = expiredRevocationLists
  }

  /// Decides about a client that presented `leaf`. That it has the key of `leaf` is for TLS to prove.
  ///
  /// - Parameters:
  ///   - presentedIntermediates: what the client sent besides, in any order.
  ///   - time: seconds since the epoch.
  public func verify(_ leaf: Certificate, presentedIntermediates: [Certificate], at time: Int64) -> Verdict {
    let path = paths.path(from: leaf, presented: presentedIntermediates, at: time)
    let findings = ToleratedObjections.remove(
      from: path.findings, chain: path.chain, revocationLists: revocationLists,
      expiredRevocationLists: expiredRevocationLists)
    let candidate = Candidate(
      leaf: leaf, chain: path.chain, findings: findings, roots: roots, revocationLists: revocationLists, time: time)
    for rule in ClientRules.all {
      if let breach = rule.breach(candidate) { return .refused(Refusal(leaf, breach)) }
    }
    return .accepted(chain: path.chain, identity: ClientIdentity(leaf))
  }

  /// Decides at the present time, in the form that a `TLSServerContext` asks for.
  public func verify(_ presented: PresentedChain) -> PeerVerdict {
    let verdict = verify(presented.leaf, presentedIntermediates: presented.intermediates, at: Int64(time(nil)))
    return switch verdict {
    case .accepted: .accepted
    case .refused(let refusal): .refused(alert: refusal.alert, reason: refusal.description)
    }
  }
}
