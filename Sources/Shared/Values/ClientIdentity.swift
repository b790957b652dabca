/// Who a client is, as far as rules and records are concerned: what the gate verified of its certificate.
public struct ClientIdentity: Codable, Hashable, Sendable {
  /// The certificate's subject as RFC 4514 writes it, for example `CN=scheduler,O=Example`.
  public let subject: String
  /// Of the certificate.
  public let thumbprint: Thumbprint

  public init(subject: String, thumbprint: Thumbprint) {
    self.subject = subject
    self.thumbprint = thumbprint
  }
}
