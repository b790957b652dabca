/// What an enrolment service can be asked, of EST (Enrollment over Secure Transport, RFC 7030).
public enum EnrolmentOperation: String, CaseIterable, Sendable {
  /// The certificates of the CA; section 4.1.
  case cacerts
  /// A certificate for somebody who has none yet; section 4.2.1.
  case simpleenroll
  /// A certificate in place of the one that the client proves itself by; section 4.2.2.
  case simplereenroll

  /// The port of the service where no other is named; EST has none of its own but that of HTTPS.
  public static let defaultPort = 5774
  /// Media type of a request for a certificate.
  public static let requestType = "application/pkcs10"
  /// Media type of certificates.
  public static let certificatesType = "application/pkcs7-mime"

  /// Where it is asked.
  public var path: String { "/.well-known/est/\(rawValue)" }

  /// How it is asked: `GET` or `POST`.
  public var method: String { self == .cacerts ? "GET" : "POST" }
}
