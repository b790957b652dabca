import AgentProtocol
import CertificateImport
import CertificateStore

extension Registration {
  /// `-x`: removes an object, a certificate with its key.
  ///
  /// - Parameter force: remove it even though the listener uses it.
  public func remove(_ thumbprint: String, force: Bool) throws -> Report {
    let query = try ThumbprintQuery(thumbprint)
    if try store.snapshot().isEmpty { throw RegistrationError(.data, "\(store.folder): empty; nothing to remove") }
    let entry = try store.update { transaction in
      let catalog = try StoreCatalog(transaction.before, folder: store.folder)
      let entry = try Inventory(catalog, listener: try listenerConfiguration()).find(query, command("-l"))
      if entry.inUse, !force { throw RegistrationError(.configuration, refusal(entry)) }
      guard let thumbprint = Thumbprint(entry.sha256) else { return entry }
      for kind in kinds(entry) { transaction.remove(kind, thumbprint) }
      return entry
    }
    let reload = RunningAgent(configuration).reload(startedBy: agentCommand)
    if invocation.json { return try Report(json: entry, warnings: warnings(entry)) }
    return Report(
      lines: ["removed \(entry.role) \(entry.subject) (SHA-256 \(entry.sha256))", reload], warnings: warnings(entry))
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
      return "revocation list of \(entry.subject) is in use: without it, those whom it revokes are let in; "
        + "use --force if you want that"
    }
    return
      "\(entry.subject) is in use by the listener; choose another certificate first with \(command("-L -t THUMBPRINT")), "
      + "or use --force"
  }

  private func warnings(_ entry: StoreEntry) -> [String] {
    guard entry.inUse, entry.role != ImportPlan.Role.revocationList.rawValue else { return [] }
    return [
      "the listener's certificate needs it: agentd will not start, and a running one will not reload, until that is mended"
    ]
  }
}
