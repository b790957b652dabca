import ClientVerification
import OpenSSL

/// What decides which clients are accepted, and what the listener presents.
public struct JudgedStore: Sendable {
  /// The listener's certificate and its issuers, including the root; empty if no certificate is chosen.
  public let listenerChain: [Certificate]
  /// The trusted roots.
  public let roots: [Certificate]
  /// CA certificates of the store that are not roots.
  public let intermediates: [Certificate]
  /// The revocation lists.
  public let revocationLists: [RevocationList]
  /// The effect of an expired revocation list.
  public let expiredRevocationLists: ClientVerifier.ExpiredRevocationLists

  /// - Parameter certificates: all certificates that are not roots, of CAs and others.
  public init(
    listenerChain: [Certificate], roots: [Certificate], certificates: [Certificate],
    revocationLists: [RevocationList], expiredRevocationLists: ClientVerifier.ExpiredRevocationLists
  ) {
    self.listenerChain = listenerChain
    self.roots = roots
    intermediates = certificates.filter(\.isCA)
    self.revocationLists = revocationLists
    self.expiredRevocationLists = expiredRevocationLists
  }

  /// Creates the verifier for this store.
  public func verifier() throws(OpenSSLError) -> ClientVerifier {
    try ClientVerifier(
      roots: roots, intermediates: intermediates, revocationLists: revocationLists,
      expiredRevocationLists: expiredRevocationLists)
  }
}
