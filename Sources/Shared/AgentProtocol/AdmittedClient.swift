import Values

/// An admitted client, as the listener reports it to the supervisor, which parses no certificates and stores it unchanged.
public struct AdmittedClient: Codable, Equatable, Sendable {
  /// The thumbprint of the client's certificate.
  public let thumbprint: Thumbprint
  /// The thumbprint of the imported root at which its chain ends.
  public let root: Thumbprint
  /// The certificates that the client presented, its own first: DER in base64 (RFC 4648 section 4).
  public let certificates: [String]

  /// The maximum number of certificates.
  public static let maximumCertificates = 32
  /// The maximum number of characters of all certificates together: what a listener accepts from a client, in base64.
  public static let maximumCharacters = 48 << 10

  /// Creates a client, or returns `nil` if a part is malformed or exceeds the limits.
  public init?(thumbprint: Thumbprint, root: Thumbprint, certificates: [String]) {
    guard (1...Self.maximumCertificates).contains(certificates.count),
      certificates.reduce(0, { $0 + $1.utf8.count }) <= Self.maximumCharacters,
      certificates.allSatisfy(Self.isBase64)
    else { return nil }
    self.thumbprint = thumbprint
    self.root = root
    self.certificates = certificates
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case thumbprint, root, certificates
  }

  /// Decodes a client. Unknown keys, and values that `init(thumbprint:root:certificates:)` refuses, are errors.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let client = AdmittedClient(
      thumbprint: try container.decode(Thumbprint.self, forKey: .thumbprint),
      root: try container.decode(Thumbprint.self, forKey: .root),
      certificates: try container.decode([String].self, forKey: .certificates))
    guard let client else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not an admitted client: malformed or too large"))
    }
    self = client
  }

  /// Checks for whole groups of four characters of the standard alphabet, with at most two `=` at the end.
  private static func isBase64(_ text: String) -> Bool {
    let bytes = text.utf8
    guard !bytes.isEmpty, bytes.count % 4 == 0 else { return false }
    let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    return padding <= 2
      && bytes.dropLast(padding).allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
          true
        default: false
        }
      }
  }
}
