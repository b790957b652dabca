import OpenSSL

/// What the gate decides about a client.
public enum Verdict: Sendable {
  /// Let in. `chain` goes from the client's certificate to the trusted root.
  case accepted(chain: [Certificate], identity: ClientIdentity)
  /// Not let in.
  case refused(Refusal)
}

/// Who a client is, as far as rules and records are concerned.
public struct ClientIdentity: Hashable, Sendable {
  /// The certificate's subject, as RFC 4514 has it.
  public let subject: String
  /// SHA-256 of the certificate: 64 lower-case hex digits.
  public let sha256Thumbprint: String

  /// The identity that `certificate` stands for.
  public init(_ certificate: Certificate) {
    subject = certificate.subject
    sha256Thumbprint = certificate.sha256Thumbprint
  }
}
