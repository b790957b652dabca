import MetricsText
import OpenSSL
import Values

/// Decides the answers of the enrolment service. Called on threads of the service, one request after another.
public protocol EnrolmentAuthority: Sendable {
  /// Returns certificates of the service, with issuers and key; every call creates new ones. The first is of the default CA, the others are
  /// for clients that trust another CA of this scheduler alone.
  func serverCertificates() throws -> [TLSServerContext.Identity]

  /// Returns a text that changes whenever `serverCertificates` have to be created again. It is asked for at every connection.
  func serverState() throws -> String

  /// Returns the certificates of all CAs whose clients may authenticate.
  func clientAuthorities() throws -> [Certificate]

  /// Returns the certificates of the CA.
  func authorityCertificates() throws -> [Certificate]

  /// Returns the newest revocation list of a root; `nil` if there is none to publish.
  func revocationList(of root: Thumbprint) throws -> PublishedList?

  /// Adds to a page what was issued and what expires when; throws a refusal unless this client may read that.
  func addMetrics(to page: inout Exposition, for client: Certificate?) throws

  /// Returns whether a client may authenticate with this certificate; the client has proved that it has the key.
  func judge(_ certificate: Certificate) -> PeerVerdict

  /// Issues a certificate to a client with an enrolment code.
  ///
  /// - Parameters:
  ///   - request: the unchecked PKCS#10 request, in DER.
  ///   - user: the user name that the client sent; may be empty.
  ///   - password: the code that the client sent.
  func enrol(request: [UInt8], user: String, password: String) -> EnrolmentOutcome

  /// Issues a replacement for the certificate with which the client has authenticated.
  func renew(request: [UInt8], by certificate: Certificate) -> EnrolmentOutcome
}

/// A revocation list for everybody.
public struct PublishedList: Sendable {
  /// The SHA-256 of the list, which is its entity tag.
  public let thumbprint: Thumbprint
  /// The list.
  public let der: [UInt8]
  /// Its number, for the log.
  public let number: String

  public init(thumbprint: Thumbprint, der: [UInt8], number: String) {
    self.thumbprint = thumbprint
    self.der = der
    self.number = number
  }
}

/// The outcome of a request.
public enum EnrolmentOutcome: Sendable {
  /// A certificate was issued for this agent.
  case issued(Certificate, agentName: String)
  /// No certificate was issued.
  case refused(EnrolmentRefusal)
}

/// The reason why no certificate is issued.
public struct EnrolmentRefusal: Error, Sendable {
  /// The kind of refusal, which determines the HTTP status.
  public enum Kind: Sendable {
    /// The request is invalid.
    case malformed
    /// The code is wrong, or the client is unknown.
    case unauthorized
    /// The client is known but not allowed to do this.
    case forbidden
    /// The client is known but has made too many requests.
    case tooMany
    /// What was asked for does not exist.
    case absent
    /// An error on this side.
    case failed
  }

  /// The kind of refusal.
  public let kind: Kind
  /// One line that the client receives.
  public let reason: String
  /// One line for the log, which may contain more.
  public let detail: String

  /// - Parameter detail: the line for the log; `nil` if it is the same as for the client.
  public init(_ kind: Kind, _ reason: String, detail: String? = nil) {
    self.kind = kind
    self.reason = reason
    self.detail = detail ?? reason
  }
}
