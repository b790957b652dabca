import AgentProtocol
import ClientVerification
import OpenSSL
import SupervisorLink
import Synchronization
import Values

/// The store's part of the material, parsed.
struct Trust {
  /// The roots that client chains may end in; at least one.
  let roots: [Certificate]
  /// All other certificates.
  let certificates: [Certificate]
  /// The verifier made from these roots, certificates and lists.
  let verifier: ClientVerifier
  /// The revocation lists.
  let revocationLists: [RevocationList]
  /// Whether clients are accepted if their issuer's revocation list has expired.
  let acceptsExpiredLists: Bool

  init(_ trust: ClientTrust) throws(Unusable) {
    acceptsExpiredLists = trust.acceptsExpiredLists
    roots = try Self.certificates(trust.roots, "root CA")
    if roots.isEmpty {
      throw Unusable("no root CA is imported, so no client could be let in: import one with agent-register -I FILE")
    }
    certificates = try Self.certificates(trust.certificates, "certificate")
    do {
      let blocks = try trust.revocationLists.flatMap { try PEMBlock.all(in: Array($0.utf8)) }
      revocationLists = try blocks.filter { $0.kind == .revocationList }.map { try RevocationList(pem: $0) }
      verifier = try ClientVerifier(
        roots: roots, intermediates: certificates.filter(\.isCA), revocationLists: revocationLists,
        expiredRevocationLists: trust.acceptsExpiredLists ? .accept : .refuse)
    } catch { throw Unusable("roots and revocation lists of the store: \(error)") }
  }

  private static func certificates(_ pems: [String], _ what: String) throws(Unusable) -> [Certificate] {
    do {
      return try pems.flatMap { try Certificate.all(inPEM: Array($0.utf8)) }
    } catch { throw Unusable("\(what) of the store: \(error)") }
  }
}

/// The verifier in force. It can be replaced while handshakes are in progress, when trust changes.
final class CurrentVerifier: Sendable {
  private let verifier: Mutex<ClientVerifier>

  init(_ verifier: ClientVerifier) { self.verifier = Mutex(verifier) }

  /// Verifies a client at the current time.
  func verify(_ presented: PresentedChain) -> PeerVerdict { verifier.withLock(\.self).verify(presented) }

  /// Returns the path from a client's certificate to a trusted root at the current time; `nil` if the client is refused.
  func chain(of presented: PresentedChain) -> [Certificate]? {
    let verdict = verifier.withLock(\.self).verify(
      presented.leaf, presentedIntermediates: presented.intermediates, at: Timestamp.now().seconds)
    if case .accepted(let chain, _) = verdict { return chain }
    return nil
  }

  /// Uses another verifier from now on.
  func replace(by other: ClientVerifier) { verifier.withLock { $0 = other } }
}

/// The verdicts of one recheck: a client may have many connections but is verified once.
final class RememberedVerdicts: Sendable {
  private let verifier: CurrentVerifier
  private let verdicts = Mutex<[[Certificate]: PeerVerdict]>([:])

  init(of verifier: CurrentVerifier) { self.verifier = verifier }

  /// Returns the verdict of `verifier`, possibly a remembered one.
  func verify(_ presented: PresentedChain) -> PeerVerdict {
    let chain = [presented.leaf] + presented.intermediates
    if let known = verdicts.withLock({ $0[chain] }) { return known }
    let verdict = verifier.verify(presented)
    verdicts.withLock { $0[chain] = verdict }
    return verdict
  }
}
