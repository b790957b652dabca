import Values
import Wording

/// A client as verified by the listener: its identity for records, and the other names that rules can match.
///
/// Job records keep only the identity; the names come with each request, from the certificate presented on that connection.
public struct VerifiedClient: Hashable, Sendable {
  /// The identity that is recorded and logged.
  public let identity: ClientIdentity
  /// The certificate's alternative names of the kinds in `ClientName`; `nil` if they exceed `Limits`, so that no rule can rely on the
  /// absence of a name.
  public let names: [ClientName]?
  /// The client's address, `HOST:PORT`, for the audit log; empty if unknown. Not part of its identity.
  public private(set) var address = ""

  /// The limits of the names and the address.
  public enum Limits {
    /// The maximum number of names of a certificate.
    public static let names = 256
    /// The maximum size of all names together, in bytes.
    public static let bytes = 16_384
    /// The maximum length of the address, in bytes.
    public static let address = 64
  }

  /// Returns the same client with `address` as its address.
  public func speaking(from address: String) -> VerifiedClient {
    var client = self
    client.address = String(decoding: address.utf8.prefix(Limits.address), as: UTF8.self)
    return client
  }

  /// Returns whether both are the same client, whatever their addresses.
  public static func == (left: VerifiedClient, right: VerifiedClient) -> Bool {
    left.identity == right.identity && left.names == right.names
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(identity)
    hasher.combine(names)
  }

  /// The certificate's subject; RFC 4514.
  public var subject: String { identity.subject }
  /// The SHA-256 thumbprint of the certificate.
  public var thumbprint: Thumbprint { identity.thumbprint }

  /// Creates a client.
  ///
  /// - Parameter names: the alternative names; if they exceed `Limits`, the property `names` is `nil`.
  public init(_ identity: ClientIdentity, names: [ClientName]? = []) {
    self.identity = identity
    self.names = names.flatMap { Self.isWithinLimits($0) ? $0 : nil }
  }

  /// The approximate size of the client's data, in bytes.
  public var bytes: Int { subject.utf8.count + 32 + Self.bytes(of: names ?? []) }

  private static func isWithinLimits(_ names: [ClientName]) -> Bool {
    names.count <= Limits.names && bytes(of: names) <= Limits.bytes
  }

  private static func bytes(of names: [ClientName]) -> Int {
    names.reduce(0) { $0 + $1.description.utf8.count }
  }
}

extension VerifiedClient: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case identity, names, address
  }

  /// Decodes a client; malformed names, and names that exceed the limits, are errors.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let names = try container.decodeIfPresent([ClientName].self, forKey: .names)
    self.init(try container.decode(ClientIdentity.self, forKey: .identity), names: names)
    if names != self.names {
      throw DecodingError.dataCorruptedError(forKey: .names, in: container, debugDescription: "more names than allowed")
    }
    address = try container.decodeIfPresent(String.self, forKey: .address) ?? ""
    guard address.utf8.count <= Limits.address, address.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw DecodingError.dataCorruptedError(forKey: .address, in: container, debugDescription: "not an address")
    }
  }
}

/// An alternative name of a client's certificate; RFC 5280 section 4.2.1.6. Names with the same meaning are equal.
public enum ClientName: Hashable, Sendable, CustomStringConvertible {
  /// A host name, in lower case. A wildcard is treated like any other name.
  case dns(String)
  /// A mail address, its domain in lower case.
  case email(String)
  /// A URI, unchanged.
  case uri(String)

  /// The maximum length of a name, in bytes.
  public static let maximumBytes = 2048

  /// Parses `DNS:host`, `email:user@host` or `URI:uri`; the kind is not case-sensitive.
  ///
  /// - Returns: `nil` for another kind, and for a value that is not a valid name, which is printable ASCII.
  public init?(_ text: String) {
    let halves = text.parts(at: ":", most: 1)
    guard halves.count == 2, case let value = halves[1], (1...Self.maximumBytes).contains(value.utf8.count),
      value.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { return nil }
    switch halves[0].asciiLowercased {
    case "dns": self = .dns(value.asciiLowercased)
    case "uri": self = .uri(value)
    case "email":
      guard let at = value.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
      self = .email(value[..<at] + value[at...].asciiLowercased)
    default: return nil
    }
  }

  /// The name in the form that `init` parses.
  public var description: String {
    switch self {
    case .dns(let name): "DNS:\(name)"
    case .email(let address): "email:\(address)"
    case .uri(let uri): "URI:\(uri)"
    }
  }
}

extension ClientName: CodedAsText {
  /// Returns the message for a `DecodingError`.
  public static func fault(of text: String) -> String { "not a certificate's name" }
}
