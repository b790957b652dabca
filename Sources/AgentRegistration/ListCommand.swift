import CertificateStore

extension Registration {
  /// `-l`: what the store holds.
  public func list() throws -> Report {
    let inventory = Inventory(try catalog(), listener: try listenerConfiguration())
    let entries = inventory.entries
    if invocation.json { return try Report(json: entries, warnings: otherStoreWarning) }
    if entries.isEmpty {
      let hint = command("-I FILE -q")
      return Report(lines: ["\(store.folder): empty; import a certificate with: \(hint)"], warnings: otherStoreWarning)
    }
    let blocks = entries.map { $0.lines(remark: $0.inUse ? "in use" : nil, now: now) }
    return Report(lines: Array(blocks.joined(separator: [""])), warnings: otherStoreWarning)
  }
}
