import OpenSSL

/// A user event: the handshake is complete and the client has authenticated. It precedes the first plaintext.
public struct TLSHandshakeCompleted: Sendable {
  /// The client's verified certificate.
  public let clientCertificate: Certificate
  /// `TLSv1.2` or `TLSv1.3`.
  public let version: String
  /// The name of the cipher suite in OpenSSL.
  public let cipher: String
  /// The protocol negotiated by ALPN; `nil` if the client offered none.
  public let applicationProtocol: String?
}

/// A user event: the handshake is complete, and the client has presented no certificate.
///
/// It replaces `TLSHandshakeCompleted`, only if the context admits such clients.
public struct AnonymousHandshakeCompleted: Sendable {}
