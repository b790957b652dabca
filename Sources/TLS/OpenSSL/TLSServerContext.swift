import COpenSSL

/// What all connections of a TLS server share (an SSL_CTX). Immutable; new material needs a new context.
///
/// It allows TLS 1.2 with ECDHE and AEAD, and TLS 1.3. Every client must present a certificate on every connection, unless the
/// configuration says otherwise: there is no session resumption, no renegotiation, no compression and no early data.
public final class TLSServerContext: @unchecked Sendable {  // an SSL_CTX that is no longer changed has its own locks
  /// The configuration of a context.
  public struct Configuration: Sendable {
    /// The server's certificate, then its issuers; the root may be omitted.
    public var certificateChain: [Certificate]
    /// The key of the first certificate.
    public var privateKey: PrivateKey
    /// CAs whose names are sent to clients, some of which present a certificate only if it, or an issuer in their chain, was issued by one
    /// of these. None are sent if there are more than clients can take.
    public var clientAuthorities: [Certificate]
    /// The ALPN protocols (RFC 7301) in order of preference; none, or names of 1 to 255 bytes.
    ///
    /// A client that offers only other protocols is refused; one that offers none is not.
    public var applicationProtocols: [String]
    /// Further certificates, for clients that name the CAs that they trust (RFC 8446 section 4.2.4), but not the issuer of the first.
    public var alternatives: [Identity] = []
    /// The maximum size of a client's certificates together, in bytes.
    public var maximumClientCertificateBytes = 32768

    /// Whether a client may connect without a certificate. A certificate that it presents must be acceptable in any case.
    public var admitsAnonymousClients = false

    /// Creates a configuration with defaults for everything else.
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

  /// A certificate, with its issuers and key.
  public typealias Identity = (chain: [Certificate], key: PrivateKey)

  let pointer: OpaquePointer
  /// The certificates that a client can get; the first is the default.
  let identities: [Identity]
  let verify: @Sendable (PresentedChain) -> PeerVerdict
  /// The ALPN list in wire format: each name preceded by its length.
  let applicationProtocols: [UInt8]
  let maximumClientCertificateBytes: Int
  let admitsAnonymousClients: Bool
  /// The certificates of accepted clients.
  let certificates = SharedCertificates()

  /// Creates a context.
  ///
  /// - Parameters:
  ///   - verify: called once in every handshake, on the thread that drives it; nothing else is consulted.
  /// - Throws: if the certificate is too weak (OpenSSL security level 2), or key and certificate do not match.
  public init(
    _ configuration: Configuration, verify: @escaping @Sendable (PresentedChain) -> PeerVerdict
  ) throws(OpenSSLError) {
    ERR_clear_error()
    pointer = try checked("make TLS context", SSL_CTX_new_ex(HandshakeLibrary.context, nil, TLS_server_method()))
    self.verify = verify
    applicationProtocols = configuration.applicationProtocols.flatMap { [UInt8(clamping: $0.utf8.count)] + $0.utf8 }
    maximumClientCertificateBytes = configuration.maximumClientCertificateBytes
    admitsAnonymousClients = configuration.admitsAnonymousClients
    identities = [(configuration.certificateChain, configuration.privateKey)] + configuration.alternatives
    try restrictProtocol()
    try present(configuration)
    try demandClientCertificate(from: configuration.clientAuthorities)
    chooseApplicationProtocol()
    if identities.count > 1 { SSL_CTX_set_cert_cb(pointer, chooseIdentity, callbackArgument) }
  }

  deinit { SSL_CTX_free(pointer) }

  /// This object as the argument of OpenSSL's callbacks. Every connection keeps its context alive.
  var callbackArgument: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  static func of(_ argument: UnsafeMutableRawPointer) -> TLSServerContext {
    Unmanaged<TLSServerContext>.fromOpaque(argument).takeUnretainedValue()
  }
}
