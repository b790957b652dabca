import OpenSSL

/// Why a client is not let in, with the facts that somebody needs to mend it.
public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The client certificate's subject, as RFC 4514 has it.
  public let subject: String
  /// SHA-256 of the client certificate.
  public let sha256Thumbprint: String
  /// The rule that is broken and how.
  public let reason: String
  /// What the client is told.
  public let alert: CertificateAlert

  /// One line: `client certificate CN=x (sha256 ab12...) expired 3 days ago (2026-11-20T08:00:00Z): issue a new one`.
  public var description: String { reason }
}
