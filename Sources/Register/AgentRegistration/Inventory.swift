import AgentConfiguration
import CertificateImport
import CertificateStore
import Console
import OpenSSL
import Values

/// The objects of the store, and how the listener uses them.
struct Inventory {
  let catalog: StoreCatalog
  /// The thumbprints of the configured listener certificate and its chain.
  private let chain: Set<Thumbprint>

  init(_ catalog: StoreCatalog, listener: ListenerConfiguration) {
    self.catalog = catalog
    guard let certificate = catalog.certificates.first(where: { $0.sha256Thumbprint == listener.certificate }) else {
      chain = []
      return
    }
    chain = Set((try? catalog.chain(of: certificate))?.map(\.sha256Thumbprint) ?? [certificate.sha256Thumbprint])
  }

  /// All objects: listener certificates first, then roots, intermediates and revocation lists; each kind by subject.
  var entries: [StoreEntry] {
    let leaves = catalog.certificates.filter { !$0.isCA }
    let intermediates = catalog.certificates.filter(\.isCA)
    return sorted(leaves.map { entry($0, .listener) }) + sorted(catalog.roots.map { entry($0, .root) })
      + sorted(intermediates.map { entry($0, .intermediate) }) + sorted(catalog.revocationLists.map(entry))
  }

  func entry(_ certificate: Certificate, _ role: ImportPlan.Role) -> StoreEntry {
    let thumbprint = certificate.sha256Thumbprint
    return StoreEntry(
      certificate, role: role.rawValue, hasKey: catalog.keys.contains(thumbprint), inUse: chain.contains(thumbprint))
  }

  /// A list is in use while its issuer is in the store: without the list, the clients that it revokes would be accepted.
  func entry(_ list: RevocationList) -> StoreEntry {
    StoreEntry(list, of: catalog.all.first { list.isIssued(by: $0) })
  }

  /// Returns the one object that `query` matches.
  func find(_ query: ThumbprintQuery, _ hint: String) throws(CommandError) -> StoreEntry {
    let found = entries.filter { query.matches(sha1: $0.sha1, sha256: $0.sha256) }
    if found.count > 1 {
      let subjects = found.map(\.subject).joined(separator: "; ")
      throw CommandError(
        .data, "thumbprint \(query) matches \(found.count) objects in the store (\(subjects)); give more digits")
    }
    guard let entry = found.first else {
      throw CommandError(.data, "thumbprint \(query) is not in the store; list the store with: \(hint)")
    }
    return entry
  }

  private func sorted(_ entries: [StoreEntry]) -> [StoreEntry] {
    entries.sorted { ($0.subject, $0.sha256) < ($1.subject, $1.sha256) }
  }
}
