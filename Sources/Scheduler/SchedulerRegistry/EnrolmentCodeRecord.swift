import Values

/// The record of a code with which an agent enrols once. The code itself is known only to whom it was shown.
public struct EnrolmentCodeRecord: Codable, Equatable, Sendable {
  /// The SHA-256 of the secret, in hex digits. The secret has 100 random bits, so nothing stronger is needed.
  public var secretDigest: String
  /// The root that issues the certificate.
  public var root: Thumbprint
  /// The name of the agent that may use the code.
  public var agentName: String
  /// The further DNS names for the certificate.
  public var dnsNames: [String]
  /// The further addresses for the certificate.
  public var addresses: [String]
  /// When it was created; nil in records from before this was recorded.
  public var createdAt: Timestamp?
  /// The user of this host who created it; nil in records from before this was recorded.
  public var createdBy: String?
  /// When it expires.
  public var expiresAt: Timestamp
  /// When it was used; nil if it was not.
  public var usedAt: Timestamp?
  /// The SHA-256 of the public key that it was used for. It may be used again for the same key, because the answer may have been lost.
  public var usedFor: String?

  /// How long a code is remembered after it has expired, so that users can be told why it is refused.
  public static let memory = Duration.seconds(30 * Timestamp.secondsPerDay)

  /// Creates the record of a new code.
  public init(
    secretDigest: String, root: Thumbprint, agentName: String, dnsNames: [String], addresses: [String],
    createdAt: Timestamp, createdBy: String?, expiresAt: Timestamp
  ) {
    self.secretDigest = secretDigest
    self.root = root
    self.agentName = agentName
    self.dnsNames = dnsNames
    self.addresses = addresses
    self.createdAt = createdAt
    self.createdBy = createdBy
    self.expiresAt = expiresAt
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case root, addresses
    case secretDigest = "secret_sha256"
    case agentName = "agent_name"
    case dnsNames = "dns_names"
    case createdAt = "created_at"
    case createdBy = "created_by"
    case expiresAt = "expires_at"
    case usedAt = "used_at"
    case usedFor = "used_for"
  }
}
