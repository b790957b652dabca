import CertificateImport
import CertificateStore
import Console
import Forecast
import OpenSSL
import Values

extension Registration {
  /// Lists the contents of the store, and the clients that used it: `-l`.
  public func list() throws -> Report {
    let inventory = Inventory(try catalog(), listener: try listenerConfiguration())
    var warnings = otherStoreWarning + (try keyWarnings)
    var clients: [SeenClient] = []
    do throws(CommandError) { clients = try seenClients() } catch { warnings.append("\(error)") }
    let stored = inventory.entries.map { entry($0, usedBy: clients) }
    // People see the recent clients, programs all known ones.
    let seen = (invocation.json ? clients : recent(clients)).map(entry)
    if invocation.json { return try Report(json: stored + seen, warnings: warnings) }
    if stored.isEmpty {
      let hint = command("-I FILE -q")
      return Report(lines: ["\(store.folder): empty; import a certificate with: \(hint)"], warnings: warnings)
    }
    let blocks =
      stored.map { $0.lines(remark: $0.inUse ? "in use" : nil, now: now) }
      + seen.map { $0.lines(remark: throughRoot($0, stored), now: now) }
    return Report(lines: Array(blocks.joined(separator: [""])), warnings: warnings)
  }

  private func entry(_ stored: StoreEntry, usedBy clients: [SeenClient]) -> StoreEntry {
    guard stored.role == "root", let last = clients.first(where: { $0.root == stored.sha256 }) else { return stored }
    var entry = stored
    entry.lastUse = Timestamp(seconds: last.lastUse)
    return entry
  }

  private func entry(_ client: SeenClient) -> StoreEntry {
    var entry = StoreEntry(client.certificate, role: "client", hasKey: false, inUse: false)
    entry.lastUse = Timestamp(seconds: client.lastUse)
    entry.root = client.root
    return entry
  }

  private func throughRoot(_ client: StoreEntry, _ stored: [StoreEntry]) -> String {
    let root = stored.first { $0.role == "root" && $0.sha256 == client.root }
    return root.map { "seen lately, through \($0.subject)" } ?? "seen lately, through a root that is no longer here"
  }
}

extension Registration {
  /// The SHA-256 thumbprints of what the store holds, for completion.
  public var storedThumbprints: [String] {
    ((try? Inventory(catalog(), listener: listenerConfiguration()))?.entries ?? []).map { "\($0.sha256)" }
  }
}
