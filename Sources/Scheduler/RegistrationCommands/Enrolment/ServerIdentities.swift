import AgentProtocol
import CertificateAuthority
import CertificateStore
import Console
import OpenSSL
import SchedulerRegistry
import Synchronization
import Values

extension RegistryAuthority {
  func serverCertificates() throws -> [TLSServerContext.Identity] {
    try scheduler.publishLists(at: address)
    let (record, snapshot) = (try scheduler.registry.record(), try scheduler.registry.store.snapshot())
    let chosen = try scheduler.authority(nil, record, snapshot)
    let others = try otherRoots(besides: chosen.certificate, snapshot)
    return try [identity(of: chosen)] + others.map { try identity(of: scheduler.authority($0, record)) }
  }

  private func identity(of authority: CertificateAuthority) throws -> TLSServerContext.Identity {
    let key = try PrivateKey.generate(.p256)
    let name = serverNames.first?.value ?? "localhost"
    let certificate = try authority.issueListener(
      agentName: String(name.prefix(64)), names: serverNames, for: PublicKey(of: key),
      Lifetime(seconds: Self.serverTime, now: scheduler.now))
    return ([certificate, authority.certificate], key)
  }

  func clientAuthorities() throws -> [Certificate] {
    try scheduler.catalog(try scheduler.registry.store.snapshot()).roots
  }

  /// The default root, and all roots.
  func serverState() throws -> String {
    try state.text(scheduler.registry.version) {
      let (record, snapshot) = (try scheduler.registry.record(), try scheduler.registry.store.snapshot())
      guard let root = record.defaultRoot, snapshot.contains(.roots, root) else {
        _ = try scheduler.authority(nil, record, snapshot)
        return ""
      }
      return ([root] + snapshot.roots.map(\.thumbprint)).map(\.description).joined(separator: " ")
    }
  }
}

/// What a service's certificates depend on, read again only when the record has changed.
final class ServerState: Sendable {
  private let known = Mutex<(version: SchedulerRegistry.Version, text: String)?>(nil)

  func text(_ version: SchedulerRegistry.Version?, _ read: () throws -> String) throws -> String {
    try known.withLock { known in
      if let known, known.version == version { return known.text }
      let text = try read()
      known = version.map { ($0, text) }
      return text
    }
  }
}

extension Scheduler {
  /// Records where the lists are published: the certificates that are issued from now on name this place.
  func publishLists(at server: String) throws {
    let record = try registry.record()
    // Without a CA there is nothing to publish, and no home yet.
    if record.revocationListServer == server || record.defaultRoot == nil { return }
    try registry.update { record, _ in record.revocationListServer = server }
  }
}
