import COpenSSL

/// What all connections of one TLS server have in common (an SSL_CTX). Immutable; new material means a new context.
///
/// TLS 1.2 with ECDHE and AEAD, and TLS 1.3; every client must present a certificate in every connection, unless the
/// configuration says otherwise: there is no session resumption, no renegotiation, no compression and no early data.
public final class TLSServerContext: @unchecked Sendable {  // an SSL_CTX that is no longer changed has its own locks
  /// What a context is made from.
  public struct Configuration: Sendable {
    /// The server's certificate, then its issuers; the root may be left out.
    public var certificateChain: [Certificate]
    /// The key of the first certificate.
    public var privateKey: PrivateKey
    /// Certificates whose subjects are sent as hints which client certificates are wanted.
    public var clientAuthorities: [Certificate]
    /// Protocols offered by ALPN (RFC 7301), the preferred one first; none or 1 to 255 bytes each. A client that offers
    /// only others is refused; one that offers none is not.
    public var applicationProtocols: [String]
    /// The most bytes that a client's certificates may have together.
    public var maximumClientCertificateBytes = 32768

    /// Whether a client may be without a certificate. One that it does present has to be accepted in any case.
    public var admitsAnonymousClients = false

    /// A configuration with the defaults for what is not named here.
    public init(
      certificateChain: [Certificate], privateKey: PrivateKey, clientAuthorities: [Certificate],
      applicationProtocols: [String] = ["http/1.1"]
    ) {
      self.certificateChain = certificateChain
      self.privateKey = privateKey
      self.clientAuthorities = clientAuthorities
      self.applicationProtocols = applicationProtocols
    }
  }

  let pointer: OpaquePointer
  let verify: @Sendable (PresentedChain) -> PeerVerdict
  /// The ALPN list in wire format: each name with its length before it.
  let applicationProtocols: [UInt8]
  let maximumClientCertificateBytes: Int
  let admitsAnonymousClients: Bool
  /// Those of clients that were let in.
  let certificates = SharedCertificates()

  /// Makes a context.
  ///
  /// - Parameters:
  ///   - verify: asked once in every handshake, on the thread that drives it; nothing else is consulted.
  /// - Throws: where the certificate is too weak (OpenSSL security level 2), or key and certificate do not fit.
  public init(
    _ configuration: Configuration, verify: @escaping @Sendable (PresentedChain) -> PeerVerdict
  ) throws(OpenSSLError) {
    ERR_clear_error()
    pointer = try checked("make TLS context", SSL_CTX_new_ex(HandshakeLibrary.context, nil, TLS_server_method()))
    self.verify = verify
    applicationProtocols = configuration.applicationProtocols.flatMap { [UInt8(clamping: $0.utf8.count)] + $0.utf8 }
    maximumClientCertificateBytes = configuration.maximumClientCertificateBytes
    admitsAnonymousClients = configuration.admitsAnonymousClients
    try restrictProtocol()
    try present(configuration)
    try demandClientCertificate(from: configuration.clientAuthorities)
    chooseApplicationProtocol()
  }

  deinit { SSL_CTX_free(pointer) }

  /// This object as the argument of OpenSSL's callbacks. Every connection keeps its context alive.
  var callbackArgument: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  static func of(_ argument: UnsafeMutableRawPointer) -> TLSServerContext {
    Unmanaged<TLSServerContext>.fromOpaque(argument).takeUnretainedValue()
  }
}
