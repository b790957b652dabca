/// The identity of a client in rules and records: what the gate verified in its certificate.
public struct ClientIdentity: Codable, Hashable, Sendable {
  /// The certificate's subject in the notation of RFC 4514, for example `CN=scheduler,O=Example`.
  public let subject: String
  /// The certificate's thumbprint.
  public let thumbprint: Thumbprint

  public init(subject: String, thumbprint: Thumbprint) {
    self.subject = subject
    self.thumbprint = thumbprint
  }

  /// Compares byte by byte: to Swift, é equals e followed by a combining accent, but that is a different subject.
  public static func == (left: ClientIdentity, right: ClientIdentity) -> Bool {
    left.thumbprint == right.thumbprint && left.subject.utf8.elementsEqual(right.subject.utf8)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(thumbprint)
    for byte in subject.utf8 { hasher.combine(byte) }
  }
}
