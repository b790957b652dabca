import Glibc
import OpenSSL
import Values

/// The gate: decides from certificates alone whether a client is let in. New material means a new verifier.
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
  private let acceptedClients: AcceptedClients

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
    acceptedClients = AcceptedClients(certificates: roots + intermediates, revocationLists: revocationLists)
  }

  /// Decides about a client that presented `leaf`. That it has the key of `leaf` is for TLS to prove.
  ///
  /// - Parameters:
  ///   - presentedIntermediates: what the client sent besides, in any order.
  ///   - time: seconds since the epoch.
  public func verify(_ leaf: Certificate, presentedIntermediates: [Certificate], at time: Int64) -> Verdict {
    let certificates = [leaf] + presentedIntermediates
    if let verdict = acceptedClients.verdict(on: certificates, at: time) { return verdict }
    let verdict = judge(leaf, presentedIntermediates, at: time)
    acceptedClients.keep(verdict, on: certificates, at: time)
    return verdict
  }

  /// Decides as `verify` does, and says of each certificate of the path what is wrong with it.
  public func examine(_ leaf: Certificate, presentedIntermediates: [Certificate], at time: Int64) -> Examination {
    let candidate = candidate(leaf, presentedIntermediates, at: time)
    let links = candidate.chain.indices.map { depth in
      ExaminedLink(
        certificate: candidate.chain[depth],
        breaches: Self.breaches(at: depth, of: candidate),
        isImportedRoot: roots.contains(candidate.chain[depth]))
    }
    return Examination(verdict: Self.verdict(on: candidate), links: links)
  }

  private static func breaches(at depth: Int, of candidate: Candidate) -> [Breach] {
    let breaches = ClientRules.all.compactMap { $0.breach(at: depth, of: candidate) }
    // The last rule names in OpenSSL's words what another has named in ours.
    return breaches.count > 1 ? breaches.filter { $0.rule != .other } : breaches
  }

  private func judge(_ leaf: Certificate, _ presentedIntermediates: [Certificate], at time: Int64) -> Verdict {
    Self.verdict(on: candidate(leaf, presentedIntermediates, at: time))
  }

  private func candidate(_ leaf: Certificate, _ presentedIntermediates: [Certificate], at time: Int64) -> Candidate {
    let path = paths.path(from: leaf, presented: presentedIntermediates, at: time)
    let findings = ToleratedObjections.remove(
      from: path.findings, chain: path.chain, revocationLists: revocationLists,
      expiredRevocationLists: expiredRevocationLists)
    return Candidate(
      chain: path.chain, findings: findings, roots: roots, revocationLists: revocationLists, time: time)
  }

  private static func verdict(on candidate: Candidate) -> Verdict {
    for rule in ClientRules.all {
      for depth in candidate.chain.indices {
        if let breach = rule.breach(at: depth, of: candidate) { return .refused(Refusal(candidate.leaf, breach)) }
      }
    }
    return .accepted(chain: candidate.chain, identity: ClientIdentity(candidate.leaf))
  }

  /// Decides at the present time, in the form that a `TLSServerContext` asks for.
  public func verify(_ presented: PresentedChain) -> PeerVerdict {
    let verdict = verify(presented.leaf, presentedIntermediates: presented.intermediates, at: Int64(time(nil)))
    return switch verdict {
    case .accepted: .accepted
    case .refused(let refusal):
      .refused(alert: refusal.alert, rule: refusal.breach.rule.rawValue, reason: refusal.description)
    }
  }
}
