import Values

/// What is kept of a code by which an agent enrols once. The code itself is known to nobody but whom it was shown to.
public struct EnrolmentCodeRecord: Codable, Equatable, Sendable {
  /// SHA-256 of the secret, hex digits. The secret is 100 random bits, so that nothing stronger is needed.
  public var secretDigest: String
  /// The root that issues.
  public var root: Thumbprint
  /// The agent that it is for.
  public var agentName: String
  /// Further DNS names that the certificate gets.
  public var dnsNames: [String]
  /// Further addresses that the certificate gets.
  public var addresses: [String]
  /// When it was made; nil in records of before this was kept.
  public var createdAt: Timestamp?
  /// From then on it is worth nothing.
  public var expiresAt: Timestamp
  /// When it was used; nil if it was not.
  public var usedAt: Timestamp?
  /// SHA-256 of the public key that it was used for. For that key it may be used again: the answer may have been lost.
  public var usedFor: String?

  /// How long a code is remembered after its end, so that it can be said what it was.
  public static let memory = Duration.seconds(30 * Timestamp.secondsPerDay)

  /// The record of a code that was just made.
  public init(
    secretDigest: String, root: Thumbprint, agentName: String, dnsNames: [String], addresses: [String],
    createdAt: Timestamp, expiresAt: Timestamp
  ) {
    self.secretDigest = secretDigest
    self.root = root
    self.agentName = agentName
    self.dnsNames = dnsNames
    self.addresses = addresses
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case root, addresses
    case secretDigest = "secret_sha256"
    case agentName = "agent_name"
    case dnsNames = "dns_names"
    case createdAt = "created_at"
    case expiresAt = "expires_at"
    case usedAt = "used_at"
    case usedFor = "used_for"
  }
}
