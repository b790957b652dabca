import OpenSSL

/// Who decides what the enrolment service answers. Asked on threads of the service, one request after another.
public protocol EnrolmentAuthority: Sendable {
  /// The certificate, with its issuers, and the key that the service proves itself by; made anew in each call.
  func serverCertificate() throws -> (chain: [Certificate], key: PrivateKey)

  /// The certificates of the CA.
  func authorityCertificates() throws -> [Certificate]

  /// Whether a client may prove itself by this certificate, of which it has the key.
  func judge(_ certificate: Certificate) -> PeerVerdict

  /// Issues a certificate to somebody who has a code.
  ///
  /// - Parameters:
  ///   - request: PKCS#10 in DER, not looked at yet.
  ///   - user: who it says it is; may be empty.
  ///   - password: what it says the code is.
  func enrol(request: [UInt8], user: String, password: String) -> EnrolmentOutcome

  /// Issues a certificate in place of one that the client has proven itself by.
  func renew(request: [UInt8], by certificate: Certificate) -> EnrolmentOutcome
}

/// What came of a request.
public enum EnrolmentOutcome: Sendable {
  /// A certificate was issued, for this agent.
  case issued(Certificate, agentName: String)
  /// None was.
  case refused(EnrolmentRefusal)
}

/// Why no certificate is issued.
public struct EnrolmentRefusal: Error, Sendable {
  /// What HTTP calls it.
  public enum Kind: Sendable {
    /// The request is not in order.
    case malformed
    /// The code is none, or the client is unknown.
    case unauthorized
    /// Known, but not for this.
    case forbidden
    /// A fault on this side.
    case failed
  }

  /// What HTTP calls it.
  public let kind: Kind
  /// One line, which the client is told.
  public let reason: String
  /// One line for the log, where it is to say more.
  public let detail: String

  /// - Parameter detail: `nil` where the log is to say no more than the client is told.
  public init(_ kind: Kind, _ reason: String, detail: String? = nil) {
    self.kind = kind
    self.reason = reason
    self.detail = detail ?? reason
  }
}
