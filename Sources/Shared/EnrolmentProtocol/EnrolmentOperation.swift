/// The operations of an enrolment service that speaks EST (Enrollment over Secure Transport, RFC 7030).
public enum EnrolmentOperation: String, CaseIterable, Sendable {
  /// Get the CA certificates; section 4.1.
  case cacerts
  /// Get a first certificate; section 4.2.1.
  case simpleenroll
  /// Replace the certificate with which the client authenticates; section 4.2.2.
  case simplereenroll

  /// The default port of the service; EST defines none but that of HTTPS.
  public static let defaultPort = 5774
  /// The media type of a certificate request.
  public static let requestType = "application/pkcs10"
  /// The media type of certificates.
  public static let certificatesType = "application/pkcs7-mime"

  /// The path of the resource.
  public var path: String { "/.well-known/est/\(rawValue)" }

  /// The HTTP method: `GET` or `POST`.
  public var method: String { self == .cacerts ? "GET" : "POST" }
}
