import CertificateImport
import CertificateStore
import Console
import Forecast
import Values

extension Registration {
  /// Removes an object, a certificate with its key: `-x`.
  ///
  /// - Parameter force: remove it even if the listener uses it, or clients of the last 30 days need it.
  public func remove(_ thumbprint: String, force: Bool) throws -> Report {
    let query = try ThumbprintQuery(thumbprint)
    if try store.snapshot().isEmpty { throw CommandError(.data, "\(store.folder): empty; nothing to remove") }
    var refused: [SeenClient] = []
    let entry = try store.update { transaction in
      let catalog = try StoreCatalog(transaction.before, folder: store.folder)
      let entry = try Inventory(catalog, listener: try listenerConfiguration()).find(query, command("-l"))
      if entry.inUse, !force { throw CommandError(.configuration, refusal(entry)) }
      refused = try neededBy(entry, catalog, force: force)
      if !refused.isEmpty, !force { throw CommandError(.configuration, refusal(entry, neededBy: refused)) }
      for kind in kinds(entry) { transaction.remove(kind, entry.sha256) }
      return entry
    }
    let reload = RunningAgent(configuration).reloadAndWait(startedBy: agentCommand).line
    let warnings = warnings(entry) + (refused.isEmpty ? [] : [warning(ofRefused: refused)])
    if invocation.json { return try Report(json: entry, warnings: warnings) }
    return Report(
      lines: ["removed \(entry.role) \(entry.subject) (SHA-256 \(entry.sha256))", reload], warnings: warnings)
  }

  /// Returns the clients that need an issuer. If their record is unusable, the issuer is kept unless forced.
  private func neededBy(_ entry: StoreEntry, _ catalog: StoreCatalog, force: Bool) throws -> [SeenClient] {
    guard [.root, .intermediate].contains(ImportPlan.Role(rawValue: entry.role)) else { return [] }
    do { return try clientsNeeding(entry.sha256, in: catalog) } catch let error as CommandError {
      if force { return [] }
      throw CommandError(
        error.status, "cannot tell who needs \(entry.role) \(entry.subject): \(error); or use --force")
    }
  }

  private func kinds(_ entry: StoreEntry) -> [StoreKind] {
    switch ImportPlan.Role(rawValue: entry.role) {
    case .root: [.roots]
    case .revocationList: [.revocationLists]
    case .listener, .intermediate, nil: [.certificates, .keys]
    }
  }

  private func refusal(_ entry: StoreEntry) -> String {
    if entry.role == ImportPlan.Role.revocationList.rawValue {
      return "revocation list of \(entry.subject) is in use: without it, the certificates it revokes are accepted; "
        + "to remove it anyway, use --force"
    }
    return
      "\(entry.subject) is in use by the listener; choose another certificate first with \(command("-L -t THUMBPRINT")), "
      + "or use --force"
  }

  private func warnings(_ entry: StoreEntry) -> [String] {
    guard entry.inUse, entry.role != ImportPlan.Role.revocationList.rawValue else { return [] }
    return [
      "the listener's certificate needs it: agentd will not start, and a running one will not reload, until that is fixed"
    ]
  }
}
