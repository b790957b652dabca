import OpenSSL
import Values

/// Why a client is not let in, with the facts that somebody needs to mend it.
public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The client certificate's subject, as RFC 4514 has it.
  public let subject: String
  /// SHA-256 of the client certificate.
  public let sha256Thumbprint: Thumbprint
  /// The rule that is broken and how.
  public let breach: Breach

  init(_ leaf: Certificate, _ breach: Breach) {
    subject = leaf.subject
    sha256Thumbprint = leaf.sha256Thumbprint
    self.breach = breach
  }

  /// One line: `client certificate CN=x (sha256 ab12...) expired 3 days ago (2026-11-20T08:00:00Z): issue a new one`.
  public var reason: String {
    "client certificate \(subject) (sha256 \(sha256Thumbprint.beginning)…) \(breach.predicate)"
  }

  /// The reason.
  public var description: String { reason }

  /// What the client is told.
  public var alert: CertificateAlert {
    switch breach {
    case .selfSigned, .foreignRoot, .missingIssuer, .chainTooLong, .notAnAuthority, .pathLengthExceeded:
      .unknownAuthority
    case .badSignature: .badSignature
    case .notYetValid, .expired: .expired
    case .wrongPurpose: .unsupportedCertificate
    case .revoked: .revoked
    case .revocationListExpired, .revocationListUnusable: .unknownAuthority
    case .weakKey, .weakDigest, .nameConstraint, .unknownCriticalExtension, .malformed, .ambiguousName, .other:
      .badCertificate
    }
  }
}
