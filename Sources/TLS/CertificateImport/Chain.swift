import AgentProtocol
import OpenSSL

/// Finds the way from a certificate to a self-signed root.
struct ChainSearch {
  /// The most certificates of a chain, as for clients.
  static let maximumLength = 8

  private let candidates: [Certificate]

  /// - Parameter candidates: possible issuers, those to prefer first.
  init(candidates: [Certificate]) {
    self.candidates = candidates
  }

  /// The chain from `leaf` to a root, both included.
  func chain(of leaf: Certificate) throws(ImportRefusal) -> [Certificate] {
    var deadEnd: ImportRefusal?
    if let chain = extend([leaf], &deadEnd) { return chain }
    throw deadEnd ?? .incompleteChain(subject: leaf.subject, missing: leaf.issuer)
  }

  /// Tries every issuer in turn: with cross-signed authorities the first one found need not lead to a root.
  private func extend(_ chain: [Certificate], _ deadEnd: inout ImportRefusal?) -> [Certificate]? {
    let last = chain[chain.count - 1]
    if last.isSelfSigned { return chain }
    if chain.count == Self.maximumLength {
      deadEnd = .longChain(subject: chain[0].subject, limit: Self.maximumLength)
      return nil
    }
    let issuers = candidates.filter { !chain.contains($0) && last.isIssued(by: $0) }
    for issuer in issuers {
      if !issuer.isCA {
        deadEnd = .notAuthority(subject: issuer.subject, issued: last.subject)
      } else if let found = extend(chain + [issuer], &deadEnd) {
        return found
      }
    }
    if issuers.isEmpty { deadEnd = deadEnd ?? .incompleteChain(subject: chain[0].subject, missing: last.issuer) }
    return nil
  }
}
