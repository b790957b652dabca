/// The certificates that a peer presented in its TLS handshake, not yet verified.
public struct PresentedChain: Sendable {
  /// The peer's own certificate. It is not yet known whether the peer has its key.
  public let leaf: Certificate
  /// The other certificates, in the order sent.
  public let intermediates: [Certificate]

  /// Creates a chain from its parts.
  public init(leaf: Certificate, intermediates: [Certificate]) {
    self.leaf = leaf
    self.intermediates = intermediates
  }
}

/// The verdict on a peer that a `TLSServerContext` asks for.
public enum PeerVerdict: Sendable {
  /// Accepted, provided that the peer also proves possession of the leaf's key.
  case accepted
  /// Refused: the peer receives `alert`, the log `reason`; `rule` is the word under which refusals are counted.
  case refused(alert: CertificateAlert, rule: String = "other_fault", reason: String)
}

/// The TLS alerts that tell a peer the fault of its certificate (RFC 8446 section 6.2).
public enum CertificateAlert: Sendable, CaseIterable {
  /// bad_certificate
  case badCertificate
  /// unsupported_certificate
  case unsupportedCertificate
  /// certificate_revoked
  case revoked
  /// certificate_expired, also for a certificate that is not yet valid
  case expired
  /// unknown_ca
  case unknownAuthority
  /// decrypt_error: a signature is invalid
  case badSignature
  /// certificate_unknown: whether the certificate was revoked cannot be determined; sent for nothing else
  case uncheckable
  /// handshake_failure
  case handshakeFailure
}
