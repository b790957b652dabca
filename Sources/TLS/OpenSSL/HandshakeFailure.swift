/// Why a TLS handshake failed, classified by who must act.
public enum HandshakeFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The client presented no certificate.
  case noClientCertificate
  /// Our rules refused the client's certificate; `reason` is a complete line, `rule` the word under which it is counted.
  case refused(rule: String, reason: String)
  /// The client presented a certificate (subject and thumbprint) but could not prove possession of its key.
  case keyNotProven(certificate: String)
  /// The client's certificates exceed the limit, in bytes.
  case certificatesTooLarge(limit: Int)
  /// The client does not accept our certificate; the name of its alert.
  case listenerCertificateRejected(alert: String)
  /// The client aborted the handshake with another alert.
  case clientAlert(String)
  /// Client and listener have no protocol version in common.
  case noCommonVersion
  /// Client and listener have no cipher, group, signature algorithm or application protocol in common.
  case noCommonParameters(String)
  /// The client spoke HTTP without TLS.
  case plainHTTP
  /// The client spoke a protocol other than TLS, for example `SSH`.
  case notTLS(String)
  /// The client closed the connection. `wasSilent`: before it sent anything, as port scanners and health checks do.
  case closed(wasSilent: Bool)
  /// The handshake took longer than this.
  case timedOut(seconds: Int)
  /// Any other failure: OpenSSL's reasons.
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

  // The names are OpenSSL's. For a wrong host name, OpenSSL and Go send "bad certificate" while other libraries send another alert.
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
