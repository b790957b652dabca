import OpenSSL
import Values

/// The verifier's decision about a client.
public enum Verdict: Sendable {
  /// Accepted. `chain` goes from the client's certificate to the trusted root.
  case accepted(chain: [Certificate], identity: ClientIdentity)
  /// Refused.
  case refused(Refusal)
}

extension ClientIdentity {
  /// Creates the identity of the client with `certificate`.
  public init(_ certificate: Certificate) {
    self.init(subject: certificate.subject, thumbprint: certificate.sha256Thumbprint)
  }
}
