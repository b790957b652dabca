import COpenSSL

/// What all connections of one TLS server have in common (an SSL_CTX). Immutable; new material means a new context.
///
/// TLS 1.2 with ECDHE and AEAD, and TLS 1.3; every client must present a certificate in every connection: there is no
/// session resumption, no renegotiation, no compression and no early data.
public final class TLSServerContext: Sendable {
  /// What a context is made from.
  public struct Configuration: Sendable {
    /// The server's certificate, then its issuers; the root may be left out.
    public var certificateChain: [Certificate]
    /// The key of the first certificate.
    public var privateKey: PrivateKey
    /// Certificates whose subjects are sent as hints which client certificates are wanted.
    public var clientAuthorities: [Certificate]
    /// Protocols offered by ALPN (RFC 7301), the preferred one first. A client that offers only others is refused; one
    /// that offers none is not.
    public var applicationProtocols: [String] = ["http/1.1"]
    /// The most bytes that a client's certificates may have together.
    public var maximumClientCertificateBytes = 32768

    /// A configuration with the defaults for what is not named here.
    public init(certificateChain: [Certificate], privateKey: PrivateKey, clientAuthorities: [Certificate]) {
      self.certificateChain = certificateChain
      self.privateKey = privateKey
      self.clientAuthorities = clientAuthorities
    }
  }

  /// Makes a context.
  ///
  /// - Parameters:
  ///   - verify: asked once in every handshake, on the thread that drives it; nothing else is consulted.
  /// - Throws: where the certificate is too weak (OpenSSL security level 2), or key and certificate do not fit.
  public init(
    _ configuration: Configuration, verify: @escaping @Sendable (PresentedChain) -> PeerVerdict
  ) throws(OpenSSLError) {
    throw OpenSSLError.notYet
  }
}

extension OpenSSLError {
  /// Until the first full version.
  public static let notYet = OpenSSLError.own("do this", "not yet")
}
