import Glibc
import OpenSSL

/// Finds the path from a certificate to a self-signed root.
struct ChainSearch {
  /// The maximum number of certificates in a chain, the same as for clients.
  static let maximumLength = 8

  private let candidates: [Certificate]

  /// - Parameter candidates: possible issuers, in order of preference.
  init(candidates: [Certificate]) {
    self.candidates = candidates
  }

  /// Returns the chain from `leaf` to a root, both included; prefers one without expired certificates.
  func chain(of leaf: Certificate) throws(ImportRefusal) -> [Certificate] {
    if leaf.isSelfSigned { return [leaf] }
    let paths = PathSearch.paths(
      from: leaf, amongSelfSigned: candidates, maximumLength: Self.maximumLength, at: Int64(time(nil)))
    if let path = paths.first(where: { $0.dropFirst().allSatisfy(\.isCA) }) { return path }
    throw deadEnd(of: leaf)
  }

  /// Returns why there is no chain: where the first path ends.
  private func deadEnd(of leaf: Certificate) -> ImportRefusal {
    var chain = [leaf]
    while chain.count < Self.maximumLength {
      let last = chain[chain.count - 1]
      let issuers = candidates.filter { !chain.contains($0) && last.isIssued(by: $0) }
      guard let issuer = issuers.first(where: \.isCA) ?? issuers.first else {
        return .incompleteChain(subject: leaf.subject, missing: last.issuer)
      }
      if !issuer.isCA { return .notAuthority(subject: issuer.subject, issued: last.subject) }
      if issuer.isSelfSigned { return .incompleteChain(subject: leaf.subject, missing: last.issuer) }
      chain.append(issuer)
    }
    return .longChain(subject: leaf.subject, limit: Self.maximumLength)
  }
}
