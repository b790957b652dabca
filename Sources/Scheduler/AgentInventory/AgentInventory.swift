import AgentClient
import CertificateImport
import CertificateStore
import HTTPSClient
import OpenSSL
import SchedulerRegistry
import Synchronization
import Values

/// The agents for which a scheduler has executor connectors, and its credentials for them.
///
/// This is what `scheduler-register` wrote, at the time of reading.
public final class AgentInventory: Sendable {
  /// The connectors, sorted by agent name.
  public let connectors: [ExecutorConnector]
  /// The scheduler's folder, for messages.
  public let home: String
  private let registry: SchedulerRegistry
  private let defaultCertificate: Thumbprint?
  private let catalog: StoreCatalog
  private let record: RegistryRecord
  private let contexts = Mutex<[Thumbprint: TLSClientContext]>([:])
  private let seen = SeenCertificates()

  /// Reads a scheduler's registry and store.
  ///
  /// - Throws: `RegistryError`, or `StoreError`.
  public init(_ registry: SchedulerRegistry) throws {
    record = try registry.record()
    self.registry = registry
    home = registry.home
    connectors = record.connectors.sorted { $0.agentName < $1.agentName }
    defaultCertificate = record.defaultConnector
    catalog = try StoreCatalog(registry.store.snapshot(), folder: registry.store.folder)
  }

  /// Returns the agent with that name, ignoring case; nil if there is none.
  public func connector(named name: String) -> ExecutorConnector? {
    connectors.first { AgentName.isSame($0.agentName, name) }
  }

  /// Returns the agents that the words choose, ignoring case: patterns of glob(7) for names, `NAME=VALUE` for labels, with commas between
  /// them; `!` excludes, `+` connects what must match together.
  ///
  /// - Throws: `InventoryError.noAgent` for a part that matches none, so that a typing error is not mistaken for an empty answer.
  public func connectors(matching words: [String]) throws(InventoryError) -> [ExecutorConnector] {
    let selection = AgentSelection(words)
    if let part = selection.unmatched(connectors) {
      throw .noAgent(part, home: home, isEmpty: connectors.isEmpty)
    }
    return connectors.filter(selection.includes)
  }

  /// Returns a client for the agent, which has to authenticate with a certificate for that name.
  ///
  /// - Throws: `InventoryError`, or the error that makes the store's certificates unusable.
  public func client(of connector: ExecutorConnector, limits: ClientLimits = ClientLimits()) throws -> AgentClient {
    let address = ServerAddress(host: connector.host, port: Int(connector.port), name: connector.agentName)
    return AgentClient(address, tls: try context(connector.certificate), limits: limits)
  }

  /// Returns why an agent's certificate is revoked, by this scheduler's own or imported revocations; `nil` if it is not.
  private static func revocation(
    of certificate: Certificate, _ record: RegistryRecord, _ roots: [Certificate]
  ) -> String? {
    roots.lazy.filter { certificate.isIssued(by: $0) }
      .compactMap { record.revocation(of: certificate.serialNumber, by: $0.sha256Thumbprint) }
      .first.map { "\(revokedBeginning)\($0)" }
  }

  /// The beginning of the reason for refusing an agent whose certificate was revoked.
  static let revokedBeginning = "its certificate was revoked on "

  /// Returns the identity with which the scheduler authenticates.
  ///
  /// - Parameter thumbprint: the SHA-256 thumbprint of the certificate; nil for the default certificate.
  /// - Throws: `InventoryError`, or the error that makes the store's certificates unusable.
  public func context(_ thumbprint: Thumbprint? = nil) throws -> TLSClientContext {
    guard let wanted = thumbprint ?? defaultCertificate else { throw InventoryError.noDefaultCertificate(home: home) }
    return try contexts.withLock { contexts in
      if let context = contexts[wanted] { return context }
      guard let certificate = catalog.certificates.first(where: { $0.sha256Thumbprint == wanted }) else {
        throw InventoryError.certificateGone(wanted, home: home)
      }
      let context = try TLSClientContext(
        certificateChain: [certificate], privateKey: try registry.store.key(of: certificate), roots: catalog.roots
      ) { [record, seen, roots = catalog.roots] certificate in
        let objection = Self.revocation(of: certificate, record, roots)
        if objection == nil { seen.note(certificate.sha256Thumbprint) }
        return objection
      }
      contexts[wanted] = context
      return context
    }
  }
}

extension AgentInventory {
  /// Records that an agent accepted the connector's certificate.
  func accepted(_ connector: ExecutorConnector) {
    if let own = connector.certificate ?? defaultCertificate { seen.note(own) }
  }

  /// Writes when certificates were seen during the lifetime of this object, for LIST CERT.
  public func saveSightings() { Sightings(home: home).note(seen.times) }

  /// What expires soon on this side, and locks out this scheduler then.
  public func expiryWarnings(at now: Timestamp = .now()) -> [String] {
    OwnExpiry.warnings(record, catalog, at: now)
  }
}

/// The certificates that were in use on connections, each with the last time.
private final class SeenCertificates: Sendable {
  private let state = Mutex<[Thumbprint: Timestamp]>([:])

  func note(_ thumbprint: Thumbprint) { state.withLock { $0[thumbprint] = .now() } }

  var times: [Thumbprint: Timestamp] { state.withLock(\.self) }
}

/// The reason why an agent cannot be contacted.
public enum InventoryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The registry has no such agent.
  case noAgent(String, home: String, isEmpty: Bool)
  /// There is no certificate to authenticate with.
  case noDefaultCertificate(home: String)
  /// A connector names a certificate that no longer exists.
  case certificateGone(Thumbprint, home: String)

  /// One line, with what to do.
  public var description: String {
    switch self {
    case .noAgent(let name, let home, let isEmpty):
      "there is no agent \(name) in \(home)\(isEmpty ? ", which has none yet" : ""): "
        + "scheduler-register ADD EXECUTOR CONNECTOR adds one, agentctl agents lists all"
    case .noDefaultCertificate(let home):
      "\(home) has no default executor connector certificate: "
        + "scheduler-register CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT makes one"
    case .certificateGone(let thumbprint, let home):
      "the connector certificate \(thumbprint.beginning) is no longer in \(home): "
        + "add the executor connector again, without /THUMBPRINT for the default one"
    }
  }
}
