import ClientVerification
import OpenSSL

/// What decides who is let in, and what the listener shows.
public struct JudgedStore: Sendable {
  /// The listener's certificate, then its issuers with the root; empty where none is chosen.
  public let listenerChain: [Certificate]
  /// The trusted roots.
  public let roots: [Certificate]
  /// CAs of the store that are no roots.
  public let intermediates: [Certificate]
  /// The revocation lists.
  public let revocationLists: [RevocationList]
  /// What a list that is out of date does.
  public let expiredRevocationLists: ClientVerifier.ExpiredRevocationLists

  /// - Parameter certificates: those that are no roots, of CAs and others.
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

  /// The gate that it makes.
  public func verifier() throws(OpenSSLError) -> ClientVerifier {
    try ClientVerifier(
      roots: roots, intermediates: intermediates, revocationLists: revocationLists,
      expiredRevocationLists: expiredRevocationLists)
  }
}
