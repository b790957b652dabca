import OpenSSL

/// User event: the handshake is over and the client has proven who it is. It comes before the first plaintext.
public struct TLSHandshakeCompleted: Sendable {
  /// The client's certificate, which was verified.
  public let clientCertificate: Certificate
  /// `TLSv1.2` or `TLSv1.3`.
  public let version: String
  /// OpenSSL's name of the cipher suite.
  public let cipher: String
  /// The protocol agreed on by ALPN; nil where the client offered none.
  public let applicationProtocol: String?
}

/// User event, in place of `TLSHandshakeCompleted` and only where the context admits it: the handshake is over, and the client has
/// shown no certificate.
public struct AnonymousHandshakeCompleted: Sendable {}
