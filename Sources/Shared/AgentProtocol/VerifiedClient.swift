import Values

/// A client as the listener has verified it: who it is for records, and the other names that rules can be written for.
///
/// The record of jobs keeps the identity alone; the names come with each request, of the certificate that was shown this time.
public struct VerifiedClient: Hashable, Sendable {
  /// What is recorded and logged.
  public let identity: ClientIdentity
  /// The certificate's alternative names of the kinds that `ClientName` has; `nil` if they are beyond `Limits`, so that no rule
  /// can rely on one's not being there.
  public let names: [ClientName]?

  /// The limits that the names are held to.
  public enum Limits {
    /// Names of a certificate.
    public static let names = 256
    /// Bytes of all names together.
    public static let bytes = 16_384
  }

  /// The certificate's subject, RFC 4514.
  public var subject: String { identity.subject }
  /// SHA-256 of the certificate.
  public var thumbprint: Thumbprint { identity.thumbprint }

  /// - Parameter names: those beyond `Limits` make `names` `nil`.
  public init(_ identity: ClientIdentity, names: [ClientName]? = []) {
    self.identity = identity
    self.names = names.flatMap { Self.isWithinLimits($0) ? $0 : nil }
  }

  private static func isWithinLimits(_ names: [ClientName]) -> Bool {
    names.count <= Limits.names && names.reduce(0) { $0 + $1.description.utf8.count } <= Limits.bytes
  }
}

extension VerifiedClient: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case identity, names
  }

  /// Reads a client; names beyond the limits, or that are none, are an error.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let names = try container.decodeIfPresent([ClientName].self, forKey: .names)
    self.init(try container.decode(ClientIdentity.self, forKey: .identity), names: names)
    if names != self.names {
      throw DecodingError.dataCorruptedError(forKey: .names, in: container, debugDescription: "more names than allowed")
    }
  }
}

/// An alternative name of a client's certificate; RFC 5280 section 4.2.1.6. Two that mean the same are equal.
public enum ClientName: Hashable, Sendable, CustomStringConvertible {
  /// A host name, in lower case. A wildcard is a name like any other.
  case dns(String)
  /// A mail address, its domain in lower case.
  case email(String)
  /// A URI, as it stands.
  case uri(String)

  /// The most bytes of a name.
  public static let maximumBytes = 2048

  /// Reads `DNS:host`, `email:user@host` or `URI:uri`, the kind in any case.
  ///
  /// - Returns: `nil` for another kind, and for what no such name can be: it is printable ASCII.
  public init?(_ text: String) {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let value = String(text[text.index(after: colon)...])
    guard (1...Self.maximumBytes).contains(value.utf8.count), value.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { return nil }
    switch text[..<colon].lowercased() {
    case "dns": self = .dns(value.lowercased())
    case "uri": self = .uri(value)
    case "email":
      guard let at = value.lastIndex(of: "@") else { return nil }
      self = .email(value[..<at] + value[at...].lowercased())
    default: return nil
    }
  }

  /// As `init` reads it.
  public var description: String {
    switch self {
    case .dns(let name): "DNS:\(name)"
    case .email(let address): "email:\(address)"
    case .uri(let uri): "URI:\(uri)"
    }
  }
}

extension ClientName: CodedAsText {
  /// For `DecodingError`.
  public static func fault(of text: String) -> String { "not a certificate's name" }
}
