/// What a peer presented in its TLS handshake, not yet verified by anybody.
public struct PresentedChain: Sendable {
  /// The peer's own certificate. Whether the peer has its key is not known yet.
  public let leaf: Certificate
  /// The other certificates, in the order sent.
  public let intermediates: [Certificate]

  /// A chain as presented.
  public init(leaf: Certificate, intermediates: [Certificate]) {
    self.leaf = leaf
    self.intermediates = intermediates
  }
}

/// The answer of the verification that a `TLSServerContext` asks about each peer.
public enum PeerVerdict: Sendable {
  /// Let in, if the peer also proves that it has the leaf's key.
  case accepted
  /// Refused: the peer is sent `alert`, the log gets `reason`; `rule` is the word by which refusals are counted.
  case refused(alert: CertificateAlert, rule: String = "other_fault", reason: String)
}

/// The TLS alerts that tell a peer what is wrong with its certificate (RFC 8446 section 6.2).
public enum CertificateAlert: Sendable, CaseIterable {
  /// bad_certificate
  case badCertificate
  /// unsupported_certificate
  case unsupportedCertificate
  /// certificate_revoked
  case revoked
  /// certificate_expired, also for one that is not yet valid
  case expired
  /// unknown_ca
  case unknownAuthority
  /// decrypt_error: a signature is wrong
  case badSignature
  /// handshake_failure
  case handshakeFailure
}
