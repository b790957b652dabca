/// Why a TLS handshake did not come about, sorted by who has to do something about it.
public enum HandshakeFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The client presented no certificate.
  case noClientCertificate
  /// The client's certificate was refused by our rules; the reason is a whole line, the rule a word to count it by.
  case refused(rule: String, reason: String)
  /// The client presented a certificate (subject and thumbprint) and could not prove that it has the key.
  case keyNotProven(certificate: String)
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
  public var description: String {
    switch self {
    case .noClientCertificate:
      "client presented no certificate: give it one issued by an imported root"
    case .refused(_, let reason):
      reason
    case .keyNotProven(let certificate):
      "client presented certificate \(certificate) but does not have its private key: give it that key"
    case .certificatesTooLarge(let limit):
      "client sent a handshake message of more than \(limit) bytes: configure it to send its own chain only"
    case .listenerCertificateRejected(let alert):
      "client does not accept our listener certificate (\(alert)): \(Self.remedy(forAlert: alert))"
    case .clientAlert(let alert):
      "client aborted the handshake (\(alert)): its own log says why"
    case .noCommonVersion:
      "client supports no TLS version that is allowed here (TLS 1.2 and TLS 1.3, unless OpenSSL's configuration asks for more): update it"
    case .noCommonParameters(let text):
      "client and listener have no TLS parameters in common (\(text)): update the client"
    case .plainHTTP:
      "client spoke HTTP without TLS: use https"
    case .notTLS(let name):
      "client did not speak TLS (\(name)): it is on the wrong port"
    case .closed(let wasSilent):
      wasSilent
        ? "client closed the connection without sending anything: a port scan or a health check"
        : "client closed the connection during the handshake: its own log says why"
    case .timedOut(let seconds):
      "client did not complete the handshake within \(seconds) s"
    case .other(let text):
      "handshake failed: \(text)"
    }
  }

  // The names are OpenSSL's. What other libraries say of a wrong host name, OpenSSL and Go say with "bad certificate".
  private static func remedy(forAlert alert: String) -> String {
    switch alert {
    case "unknown CA": "make it trust the root of the listener certificate"
    case "certificate expired":
      "compare its clock with this host's, and both with the certificate's dates (agent-register -l)"
    default:
      "make it trust the root of the listener certificate, and connect to a name that the certificate has "
        + "(agent-register -l shows them)"
    }
  }
}
