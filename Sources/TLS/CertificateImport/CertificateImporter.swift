import CertificateStore
import OpenSSL
import Values

/// Imports bundles into a store.
public struct CertificateImporter: Sendable {
  private let store: CertificateStore

  /// Creates an importer for `store`.
  public init(store: CertificateStore) {
    self.store = store
  }

  /// Checks the bundle and adds its contents to the store, as one durable change.
  ///
  /// What already exists stays unchanged, and a refusal leaves the store byte for byte as it was.
  ///
  /// - Parameter now: seconds since the epoch.
  /// - Returns: what was imported.
  /// - Throws: `ImportRefusal`, `StoreError`, or `OpenSSLError` if the key cannot be written.
  public func add(_ bundle: Bundle, now: Int64) throws -> ImportPlan {
    // First without the lock, so that a refusal does not even create an empty store; then for good.
    _ = try plan(bundle, try store.snapshot(), now)
    return try store.update { transaction in
      let plan = try plan(bundle, transaction.before, now)
      try plan.apply(to: &transaction)
      return plan
    }
  }

  private func plan(_ bundle: Bundle, _ snapshot: StoreSnapshot, _ now: Int64) throws -> ImportPlan {
    try ImportPlan(bundle, catalog: try StoreCatalog(snapshot, folder: store.folder), now: now)
  }
}

extension ImportPlan {
  func apply(to transaction: inout StoreTransaction) throws {
    for entry in entries where entry.isNew {
      let object = StoredObject(thumbprint: entry.certificate.sha256Thumbprint, pem: Array(entry.certificate.pem.utf8))
      transaction.add(object, to: entry.role == .root ? .roots : .certificates)
    }
    if let key, let thumbprint = listener?.sha256Thumbprint {
      try key.pkcs8PEM().withUnsafeBytes { transaction.addKey($0, of: thumbprint) }
    }
    for replaced in replacedLists { transaction.remove(.revocationLists, replaced) }
    for list in revocationLists {
      transaction.add(
        StoredObject(thumbprint: list.sha256Thumbprint, pem: Array(list.pem.utf8)), to: .revocationLists)
    }
  }
}
