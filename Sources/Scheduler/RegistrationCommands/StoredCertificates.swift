import CertificateAuthority
import CertificateImport
import CertificateStore
import Console
import EnrolmentProtocol
import OpenSSL
import SchedulerRegistry
import SystemCalls
import Values

extension Scheduler {
  /// Returns the root CA that matches `query`, or the default one, with its key.
  func authority(
    _ query: ThumbprintQuery?, _ record: RegistryRecord, _ snapshot: StoreSnapshot
  ) throws -> CertificateAuthority {
    let root = try find(query, otherwise: record.defaultRoot, among: try catalog(snapshot).roots, "root CA")
    guard let root else {
      throw CommandError(
        .configuration,
        "there is no default root CA yet: make one with CREATE ROOT CA /STOREKEY /MAKEDEFAULT, or import another "
          + "scheduler's with IMPORT ROOT CA")
    }
    return try authority(root, record)
  }

  /// Returns the CA with this certificate, whose key is in the store.
  func authority(_ root: Certificate, _ record: RegistryRecord) throws -> CertificateAuthority {
    let path = RevocationListResource.path(of: root.sha256Thumbprint)
    return try CertificateAuthority(
      certificate: root, key: try registry.store.key(of: root),
      revocationListURL: record.revocationListServer.map { "https://\($0)\(path)" })
  }

  /// Returns the root CA that matches `query`, whether or not its key is here.
  func rootCertificate(_ query: ThumbprintQuery?, _ snapshot: StoreSnapshot) throws -> Certificate {
    guard let root = try find(query, otherwise: nil, among: try catalog(snapshot).roots, "root CA") else {
      throw CommandError(.data, "there is no such root CA here; LIST ROOT CA shows all")
    }
    return root
  }

  /// Returns the connector certificate that matches `query`, or the default one.
  func connectorCertificate(
    _ query: ThumbprintQuery?, _ record: RegistryRecord, _ snapshot: StoreSnapshot
  ) throws -> Certificate {
    let found = try find(
      query, otherwise: record.defaultConnector, among: try catalog(snapshot).certificates, "connector certificate")
    guard let found else {
      throw CommandError(
        .configuration,
        "there is no default executor connector certificate yet: make one with CREATE EXEC CONNECTOR CERT /STORECERT "
          + "/MAKEDEFAULT, or import another scheduler's with IMPORT EXEC CERT"
      )
    }
    return found
  }

  func catalog(_ snapshot: StoreSnapshot) throws -> StoreCatalog {
    try StoreCatalog(snapshot, folder: registry.store.folder)
  }

  private func find(
    _ query: ThumbprintQuery?, otherwise thumbprint: Thumbprint?, among certificates: [Certificate], _ what: String
  ) throws(CommandError) -> Certificate? {
    guard let query else { return certificates.first { $0.sha256Thumbprint == thumbprint } }
    let found = certificates.filter { query.matches(sha1: $0.sha1Thumbprint, sha256: $0.sha256Thumbprint) }
    if found.count > 1 {
      throw CommandError(.data, "/THUMBPRINT=\(query) matches \(found.count) certificates; give more digits")
    }
    guard let only = found.first else {
      throw CommandError(.data, "/THUMBPRINT=\(query): no such \(what) here; LIST ROOT CA and LIST CERT show all")
    }
    return only
  }
}

extension StoreTransaction {
  /// Adds a root CA with its key.
  mutating func add(_ authority: CertificateAuthority) throws {
    try add(authority.certificate, to: .roots)
    try addKey(authority.key, of: authority.certificate)
  }

  /// Adds a connector certificate with its key.
  mutating func add(_ certificate: Certificate, _ key: PrivateKey) throws {
    try add(certificate, to: .certificates)
    try addKey(key, of: certificate)
  }

  mutating func add(_ certificate: Certificate, to kind: StoreKind) throws {
    add(StoredObject(thumbprint: certificate.sha256Thumbprint, pem: Array(certificate.pem.utf8)), to: kind)
  }

  mutating func addKey(_ key: PrivateKey, of certificate: Certificate) throws {
    try key.pkcs8PEM().withUnsafeBytes { addKey($0, of: certificate.sha256Thumbprint) }
  }
}
