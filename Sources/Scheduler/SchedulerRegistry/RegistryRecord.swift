import Values

/// What a scheduler knows beside its certificates; kept as one JSON file.
public struct RegistryRecord: Codable, Equatable, Sendable {
  /// The form of the file.
  public static let form = 1

  /// The form that this one has.
  public var form = Self.form
  /// The root CA that issues unless another is named.
  public var defaultRoot: Thumbprint?
  /// The connector certificate that is used unless another is named.
  public var defaultConnector: Thumbprint?
  /// The configured ways to agents, by agent name.
  public var connectors: [ExecutorConnector] = []
  /// What the roots here have issued and is not over yet.
  public var issued: [IssuedCertificate] = []
  /// The number of the newest revocation list of each root, by the root's thumbprint.
  public var revocationListNumbers: [Thumbprint: UInt64] = [:]
  /// What other schedulers with the same roots have revoked, by the root's thumbprint; nil before any was imported.
  public var importedRevocations: [Thumbprint: [ImportedRevocation]]?
  /// Until when the newest list of each root holds that was imported, by the root's thumbprint; nil before any was.
  public var importedListsDue: [Thumbprint: Timestamp]?
  /// The codes by which agents enrol.
  public var enrolmentCodes: [EnrolmentCodeRecord] = []

  /// An empty record.
  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case form, connectors, issued
    case defaultRoot = "default_root"
    case defaultConnector = "default_connector"
    case revocationListNumbers = "crl_numbers"
    case importedRevocations = "imported_revocations"
    case importedListsDue = "imported_crls_due"
    case enrolmentCodes = "enrolment_codes"
  }

  /// Reads a record; one that was written before there were enrolment codes has none.
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
    enrolmentCodes = try container.decodeIfPresent([EnrolmentCodeRecord].self, forKey: .enrolmentCodes) ?? []
  }
}

/// A certificate that another scheduler with the same root has revoked.
public struct ImportedRevocation: Codable, Hashable, Sendable {
  /// Serial number, hex digits.
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

/// A configured way to one agent (the article's executor connector).
public struct ExecutorConnector: Codable, Equatable, Sendable {
  /// How the scheduler knows the agent.
  public var agentName: String
  /// The host to connect to.
  public var host: String
  /// The port to connect to.
  public var port: UInt16
  /// The connector certificate; nil for the default one, whichever that is by then.
  public var certificate: Thumbprint?
  /// The agent's platform, as the article's /PLATFORM names it.
  public var platform: String
  /// Whether the scheduler uses it.
  public var isEnabled: Bool
  /// When it was added.
  public var addedAt: Timestamp

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
    case host, port, certificate, platform
    case agentName = "agent_name"
    case isEnabled = "enabled"
    case addedAt = "added_at"
  }
}

/// A certificate that a root here has issued.
public struct IssuedCertificate: Codable, Equatable, Sendable {
  /// What it is for.
  public enum Role: String, Codable, Sendable {
    /// It proves a scheduler to agents.
    case connector
    /// It proves an agent to schedulers.
    case listener
  }

  /// The root.
  public var root: Thumbprint
  /// Serial number, hex digits.
  public var serialNumber: String
  /// SHA-1 thumbprint, which people copy from dialogs.
  public var sha1Thumbprint: String
  /// SHA-256 thumbprint.
  public var sha256Thumbprint: Thumbprint
  /// Subject, as RFC 4514 has it.
  public var subject: String
  /// What it is for.
  public var role: Role
  /// Its last moment.
  public var notAfter: Timestamp
  /// When it was revoked; nil if it was not.
  public var revokedAt: Timestamp?

  public init(
    root: Thumbprint, serialNumber: String, sha1Thumbprint: String, sha256Thumbprint: Thumbprint, subject: String,
    role: Role, notAfter: Timestamp
  ) {
    self.root = root
    self.serialNumber = serialNumber
    self.sha1Thumbprint = sha1Thumbprint
    self.sha256Thumbprint = sha256Thumbprint
    self.subject = subject
    self.role = role
    self.notAfter = notAfter
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case root, subject, role
    case serialNumber = "serial_number"
    case sha1Thumbprint = "thumbprint_sha1"
    case sha256Thumbprint = "thumbprint_sha256"
    case notAfter = "not_after"
    case revokedAt = "revoked_at"
  }
}
