import OpenSSL
import Values

/// Why a client is refused, with the facts needed to fix it.
public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The subject of the client's certificate, as in RFC 4514.
  public let subject: String
  /// SHA-256 of the client's certificate.
  public let sha256Thumbprint: Thumbprint
  /// The broken rule, and how it is broken.
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

  /// The same as `reason`.
  public var description: String { reason }

  /// The TLS alert sent to the client.
  public var alert: CertificateAlert {
    switch breach {
    case .selfSigned, .foreignRoot, .missingIssuer, .chainTooLong, .notAnAuthority, .pathLengthExceeded:
      .unknownAuthority
    case .badSignature: .badSignature
    case .notYetValid, .expired: .expired
    case .wrongPurpose, .unusableKey: .unsupportedCertificate
    case .revoked: .revoked
    case .revocationListExpired, .revocationListUnusable: .uncheckable
    case .weakKey, .weakDigest, .nameConstraint, .unknownCriticalExtension, .malformed, .ambiguousName, .other:
      .badCertificate
    }
  }
}
