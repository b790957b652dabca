import Glibc
import OpenSSL
import Values

/// Decides from certificates alone whether a client is accepted. New material needs a new verifier.
///
/// The listener uses it in every handshake and `agent-register -V` uses it on files, so that both agree.
public final class ClientVerifier: Sendable {
  /// The effect of an expired revocation list on the clients of its issuer.
  public enum ExpiredRevocationLists: Sendable {
    /// The clients are refused.
    case refuse
    /// The clients are accepted unless the expired list names them.
    case accept
  }

  private let paths: CertificatePathBuilder
  private let roots: [Certificate]
  private let revocationLists: RevocationLists
  private let expiredRevocationLists: ExpiredRevocationLists
  private let acceptedClients: AcceptedClients

  /// Creates a verifier that trusts `roots` and nothing else; the system's trust store is never used.
  ///
  /// - Parameters:
  ///   - roots: self-signed certificates that a client's chain may end in.
  ///   - intermediates: issuers that complete the chains of clients that do not send them. They are not trusted themselves.
  ///   - revocationLists: an issuer without a list here revokes nothing.
  public init(
    roots: [Certificate], intermediates: [Certificate] = [], revocationLists: [RevocationList] = [],
    expiredRevocationLists: ExpiredRevocationLists = .refuse
  ) throws(OpenSSLError) {
    paths = try CertificatePathBuilder(
      roots: roots, intermediates: intermediates, maximumChain: ChainLength.limit)
    self.roots = roots
    self.revocationLists = RevocationLists(revocationLists, authorities: roots + intermediates)
    self.expiredRevocationLists = expiredRevocationLists
    acceptedClients = AcceptedClients(
      certificates: roots + intermediates, otherMoments: self.revocationLists.moments)
  }

  /// Decides about a client that presented `leaf`. TLS checks that it has the key of `leaf`.
  ///
  /// - Parameters:
  ///   - presentedIntermediates: the other certificates that the client sent, in any order.
  ///   - time: seconds since the epoch.
  public func verify(_ leaf: Certificate, presentedIntermediates: [Certificate], at time: Int64) -> Verdict {
    let certificates = [leaf] + presentedIntermediates
    if let verdict = acceptedClients.verdict(on: certificates, at: time) { return verdict }
    let verdict = judge(leaf, presentedIntermediates, at: time)
    acceptedClients.keep(verdict, on: certificates, at: time)
    return verdict
  }

  /// Decides as `verify` does, and reports the faults of each certificate of the path.
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
    // The last rule repeats in OpenSSL's words what another rule has already named.
    return breaches.count > 1 ? breaches.filter { $0.rule != .other } : breaches
  }

  private func judge(_ leaf: Certificate, _ presentedIntermediates: [Certificate], at time: Int64) -> Verdict {
    Self.verdict(on: candidate(leaf, presentedIntermediates, at: time))
  }

  /// Returns the first path that breaks no rule, or else the one that breaks the latest rule, whose fault the client must fix.
  ///
  /// OpenSSL's own path comes first: it is almost always the only one, and then the search ends.
  private func candidate(_ leaf: Certificate, _ presentedIntermediates: [Certificate], at time: Int64) -> Candidate {
    var best = candidate(paths.path(from: leaf, presented: presentedIntermediates, at: time), time)
    guard var furthest = best.firstBreach?.place else { return best }
    for path in paths.paths(from: leaf, presented: presentedIntermediates, at: time) {
      let other = candidate(path, time)
      guard let place = other.firstBreach?.place else { return other }
      if place > furthest { (best, furthest) = (other, place) }
    }
    return best
  }

  private func candidate(_ path: CertificatePath, _ time: Int64) -> Candidate {
    Candidate(
      path, roots: roots, revocationLists: revocationLists, expiredRevocationLists: expiredRevocationLists, time: time)
  }

  private static func verdict(on candidate: Candidate) -> Verdict {
    if let breach = candidate.firstBreach?.breach { return .refused(Refusal(candidate.leaf, breach)) }
    return .accepted(chain: candidate.chain, identity: ClientIdentity(candidate.leaf))
  }

  /// Decides at the current time, in the form that `TLSServerContext` requires.
  public func verify(_ presented: PresentedChain) -> PeerVerdict {
    let verdict = verify(presented.leaf, presentedIntermediates: presented.intermediates, at: Int64(time(nil)))
    return switch verdict {
    case .accepted: .accepted
    case .refused(let refusal):
      .refused(alert: refusal.alert, rule: refusal.breach.rule.rawValue, reason: refusal.description)
    }
  }
}
