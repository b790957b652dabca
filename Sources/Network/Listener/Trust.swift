import AgentProtocol
import ClientVerification
import OpenSSL
import SupervisorLink
import Synchronization
import Values

/// The store's part of the material, read.
struct Trust {
  /// What clients' chains may end in; at least one.
  let roots: [Certificate]
  /// All other certificates.
  let certificates: [Certificate]
  /// The gate that these make.
  let verifier: ClientVerifier
  /// The lists of revoked certificates.
  let revocationLists: [RevocationList]
  /// Whether clients of an issuer whose list is out of date are let in.
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

/// The gate that holds now. Another takes its place when trust changes while handshakes are still going on.
final class CurrentVerifier: Sendable {
  private let verifier: Mutex<ClientVerifier>

  init(_ verifier: ClientVerifier) { self.verifier = Mutex(verifier) }

  /// Decides about a client, at the present time.
  func verify(_ presented: PresentedChain) -> PeerVerdict { verifier.withLock(\.self).verify(presented) }

  /// The way from a client's certificate to the root that it is let in through, at the present time; `nil` if it is not.
  func chain(of presented: PresentedChain) -> [Certificate]? {
    let verdict = verifier.withLock(\.self).verify(
      presented.leaf, presentedIntermediates: presented.intermediates, at: Timestamp.now().seconds)
    if case .accepted(let chain, _) = verdict { return chain }
    return nil
  }

  /// Lets another decide from here on.
  func replace(by other: ClientVerifier) { verifier.withLock { $0 = other } }
}

/// The verdicts of one recheck: a client may have many connections, and is judged once.
final class RememberedVerdicts: Sendable {
  private let verifier: CurrentVerifier
  private let verdicts = Mutex<[[Certificate]: PeerVerdict]>([:])

  init(of verifier: CurrentVerifier) { self.verifier = verifier }

  /// Decides as `verifier` does, or did.
  func verify(_ presented: PresentedChain) -> PeerVerdict {
    let chain = [presented.leaf] + presented.intermediates
    if let known = verdicts.withLock({ $0[chain] }) { return known }
    let verdict = verifier.verify(presented)
    verdicts.withLock { $0[chain] = verdict }
    return verdict
  }
}
