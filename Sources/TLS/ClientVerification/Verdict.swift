import OpenSSL
import Values

/// What the gate decides about a client.
public enum Verdict: Sendable {
  /// Let in. `chain` goes from the client's certificate to the trusted root.
  case accepted(chain: [Certificate], identity: ClientIdentity)
  /// Not let in.
  case refused(Refusal)
}

extension ClientIdentity {
  /// The identity that `certificate` stands for.
  public init(_ certificate: Certificate) {
    self.init(subject: certificate.subject, thumbprint: certificate.sha256Thumbprint)
  }
}
