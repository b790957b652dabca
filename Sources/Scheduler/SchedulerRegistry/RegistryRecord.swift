import Values

/// What a scheduler knows besides its certificates; stored as one JSON file.
public struct RegistryRecord: Codable, Equatable, Sendable {
  /// The version of the file format.
  public static let form = 1

  /// The format version of this record.
  public var form = Self.form
  /// The root CA that issues certificates unless another is named.
  public var defaultRoot: Thumbprint?
  /// The connector certificate that is used unless another is named.
  public var defaultConnector: Thumbprint?
  /// The configured connections to agents, by agent name.
  public var connectors: [ExecutorConnector] = []
  /// The certificates that the roots here have issued and that have not expired.
  public var issued: [IssuedCertificate] = []
  /// The number of the newest revocation list of each root, by the root's thumbprint.
  public var revocationListNumbers: [Thumbprint: UInt64] = [:]
  /// The revocations by other schedulers with the same roots, by the root's thumbprint; nil before any was imported.
  public var importedRevocations: [Thumbprint: [ImportedRevocation]]?
  /// When the newest imported list of each root expires, by the root's thumbprint; nil before any was imported.
  public var importedListsDue: [Thumbprint: Timestamp]?
  /// `HOST:PORT` of the enrolment service that publishes the lists of the roots here; nil before it was first started.
  public var revocationListServer: String?
  /// The codes with which agents enrol.
  public var enrolmentCodes: [EnrolmentCodeRecord] = []

  /// Creates an empty record.
  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case form, connectors, issued
    case defaultRoot = "default_root"
    case defaultConnector = "default_connector"
    case revocationListNumbers = "crl_numbers"
    case importedRevocations = "imported_revocations"
    case importedListsDue = "imported_crls_due"
    case revocationListServer = "crl_server"
    case enrolmentCodes = "enrolment_codes"
  }

  /// Decodes a record; one from before there were enrolment codes has none.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    form = try container.decode(Int.self, forKey: .form)
    defaultRoot = try container.decodeIfPresent(Thumbprint.self, forKey: .defaultRoot)
    defaultConnector = try container.decodeIfPresent(Thumbprint.self, forKey: .defaultConnector)
    connectors = try container.decode([ExecutorConnector].self, forKey: .connectors)
    issued = try container.decode([IssuedCertificate].self, forKey: .issued)
    revocationListNumbers = try container.decode([Thumbprint: UInt64].self, forKey: .revocationListNumbers)
    importedRevocations = try container.decodeIfPresent(
      [Thumbprint: [ImportedRevocation]].self, forKey: .importedRevocations)
    importedListsDue = try container.decodeIfPresent([Thumbprint: Timestamp].self, forKey: .importedListsDue)
    revocationListServer = try container.decodeIfPresent(String.self, forKey: .revocationListServer)
    enrolmentCodes = try container.decodeIfPresent([EnrolmentCodeRecord].self, forKey: .enrolmentCodes) ?? []
  }
}

/// A certificate that another scheduler with the same root has revoked.
public struct ImportedRevocation: Codable, Hashable, Sendable {
  /// The serial number, in hex digits.
  public var serialNumber: String
  /// When it was revoked.
  public var revokedAt: Timestamp

  public init(serialNumber: String, revokedAt: Timestamp) {
    self.serialNumber = serialNumber
    self.revokedAt = revokedAt
  }

  enum CodingKeys: String, CodingKey {
    case serialNumber = "serial_number"
    case revokedAt = "revoked_at"
  }
}

/// A configured connection to an agent (the article's executor connector).
public struct ExecutorConnector: Codable, Equatable, Sendable {
  /// The name by which the scheduler knows the agent.
  public var agentName: String
  /// The host to connect to.
  public var host: String
  /// The port to connect to.
  public var port: UInt16
  /// The connector certificate; nil for the default one at the time of use.
  public var certificate: Thumbprint?
  /// The agent's platform, as the article's /PLATFORM names it.
  public var platform: String
  /// Whether the scheduler uses the agent.
  public var isEnabled: Bool
  /// When the connector was added.
  public var addedAt: Timestamp
  /// By which agents are chosen in groups; nil for none.
  public var labels: [String: String]?

  /// What contradicts the platform if agentd, which runs on Linux alone, answers; nil if nothing does.
  public var contradiction: String? {
    platform == "Linux" ? nil : "\(agentName) runs agentd, which is for Linux, but its platform here is \(platform)"
  }

  public init(
    agentName: String, host: String, port: UInt16, certificate: Thumbprint?, platform: String, isEnabled: Bool = true,
    addedAt: Timestamp
  ) {
    self.agentName = agentName
    self.host = host
    self.port = port
    self.certificate = certificate
    self.platform = platform
    self.isEnabled = isEnabled
    self.addedAt = addedAt
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case host, port, certificate, platform, labels
    case agentName = "agent_name"
    case isEnabled = "enabled"
    case addedAt = "added_at"
  }
}

/// A certificate that a root here has issued.
public struct IssuedCertificate: Codable, Equatable, Sendable {
  /// The purpose of a certificate.
  public enum Role: String, Codable, Sendable {
    /// It authenticates a scheduler to agents.
    case connector
    /// It authenticates an agent to schedulers.
    case listener
  }

  /// The root that issued it.
  public var root: Thumbprint
  /// The serial number, in hex digits.
  public var serialNumber: String
  /// The SHA-1 thumbprint, which users copy from dialogs.
  public var sha1Thumbprint: String
  /// The SHA-256 thumbprint.
  public var sha256Thumbprint: Thumbprint
  /// The subject in the notation of RFC 4514.
  public var subject: String
  /// The purpose.
  public var role: Role
  /// When it expires.
  public var notAfter: Timestamp
  /// When it was revoked; nil if it was not.
  public var revokedAt: Timestamp?
  /// When it was issued; nil if another scheduler issued it, and in records from before this was recorded.
  public var issuedAt: Timestamp?
  /// The SHA-256 thumbprint of the certificate that it replaced over the network; nil if it was not issued for a renewal.
  public var renewalOf: Thumbprint?
  /// Who asked for it: a user of this host. Nil for a renewal, and in records from before this was recorded.
  public var requestedBy: String?

  public init(
    root: Thumbprint, serialNumber: String, sha1Thumbprint: String, sha256Thumbprint: Thumbprint, subject: String,
    role: Role, notAfter: Timestamp, issuedAt: Timestamp? = nil, renewalOf: Thumbprint? = nil,
    requestedBy: String? = nil
  ) {
    self.root = root
    self.serialNumber = serialNumber
    self.sha1Thumbprint = sha1Thumbprint
    self.sha256Thumbprint = sha256Thumbprint
    self.subject = subject
    self.role = role
    self.notAfter = notAfter
    self.issuedAt = issuedAt
    self.renewalOf = renewalOf
    self.requestedBy = requestedBy
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case root, subject, role
    case serialNumber = "serial_number"
    case sha1Thumbprint = "thumbprint_sha1"
    case sha256Thumbprint = "thumbprint_sha256"
    case notAfter = "not_after"
    case revokedAt = "revoked_at"
    case issuedAt = "issued_at"
    case renewalOf = "renewal_of"
    case requestedBy = "requested_by"
  }
}

extension RegistryRecord {
  /// Returns when the root revoked the certificate with this serial number (hex digits); nil if it did not.
  ///
  /// Revocations by other schedulers count as far as their lists were imported.
  public func revocation(of serialNumber: String, by root: Thumbprint) -> Timestamp? {
    let here = issued.filter { $0.root == root && $0.serialNumber == serialNumber }.compactMap(\.revokedAt)
    let elsewhere = (importedRevocations?[root] ?? []).filter { $0.serialNumber == serialNumber }.map(\.revokedAt)
    return (here + elsewhere).min { $0.milliseconds < $1.milliseconds }
  }
}
