/// Why a TLS handshake did not come about, sorted by who has to do something about it.
public enum HandshakeFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The client presented no certificate.
  case noClientCertificate
  /// The client's certificate was refused by our rules; the reason is a whole line.
  case refused(reason: String)
  /// The client presented a certificate (its subject) and could not prove that it has the key.
  case keyNotProven(subject: String)
  /// The client's certificates are more than we accept.
  case certificatesTooLarge(limit: Int)
  /// The client does not accept our certificate; the name of its alert.
  case listenerCertificateRejected(alert: String)
  /// The client broke the handshake off with another alert.
  case clientAlert(String)
  /// No protocol version that both speak.
  case noCommonVersion
  /// No cipher, group, signature algorithm or application protocol that both know.
  case noCommonParameters(String)
  /// The client spoke HTTP without TLS.
  case plainHTTP
  /// The client spoke something else than TLS, for example `SSH`.
  case notTLS(String)
  /// The client closed the connection. `wasSilent`: before it said anything, as port scanners and health checks do.
  case closed(wasSilent: Bool)
  /// The handshake took longer than this.
  case timedOut(seconds: Int)
  /// Anything else: OpenSSL's reasons.
  case other(String)

  /// One line that says what to do.
  public var description: String { "handshake failed" }
}
