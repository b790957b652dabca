import CertificateAuthority
import CertificateStore
import EnrolmentService
import OpenSSL
import SchedulerRegistry
import Synchronization
import Values

/// The revocation lists that the enrolment service publishes, one for each root whose key is here.
///
/// The newest list of a root is in the store, so that a restart publishes the same one. It is issued again if something was revoked
/// since, and when half of its time has passed. As long as the record does not change, an answer costs one system call.
final class PublishedLists: Sendable {
  private struct Known {
    var version: SchedulerRegistry.Version?
    var lists: [Thumbprint: (list: PublishedList, renewAt: Int64)] = [:]
  }

  private let scheduler: Scheduler
  private let known = Mutex(Known())

  init(_ scheduler: Scheduler) {
    self.scheduler = scheduler
  }

  /// Returns the list of the root; `nil` if the root or its key is not here.
  func list(of root: Thumbprint) throws -> PublishedList? {
    // First: a change while the list is read makes it be read again next time.
    let version = scheduler.registry.version
    if let list = remembered(root, version) { return list }
    guard let list = try stored(root) ?? issued(root) else { return nil }
    let published = PublishedList(thumbprint: list.sha256Thumbprint, der: list.der, number: list.number ?? "")
    known.withLock { known in
      if known.version != version { known = Known(version: version) }
      known.lists[root] = (published, Self.renewalTime(list))
    }
    return published
  }

  private func remembered(_ root: Thumbprint, _ version: SchedulerRegistry.Version?) -> PublishedList? {
    known.withLock { known in
      guard known.version == version, let entry = known.lists[root], entry.renewAt > scheduler.now else { return nil }
      return entry.list
    }
  }

  private static func renewalTime(_ list: RevocationList) -> Int64 {
    guard let due = list.nextUpdate else { return .min }
    return due - (due - list.thisUpdate) / 2
  }

  /// Returns the list in the store if it can still be published.
  private func stored(_ root: Thumbprint) throws -> RevocationList? {
    try current(root, try scheduler.registry.record(), try scheduler.registry.store.snapshot())
  }

  private func current(
    _ root: Thumbprint, _ record: RegistryRecord, _ snapshot: StoreSnapshot
  ) throws -> RevocationList? {
    let catalog = try scheduler.catalog(snapshot)
    guard let certificate = catalog.roots.first(where: { $0.sha256Thumbprint == root }) else { return nil }
    let revoked = Set(record.revocations(by: root).map(\.serialNumber))
    return catalog.revocationLists.first { list in
      list.isIssued(by: certificate) && Self.renewalTime(list) > scheduler.now
        // IMPORT CRL may have brought the number of a newer list of another scheduler.
        && list.isNumbered(atLeast: record.revocationListNumbers[root] ?? 0)
        && revoked.isSubset(of: list.entries.map(\.serialNumber))
    }
  }

  private func issued(_ root: Thumbprint) throws -> RevocationList? {
    let snapshot = try scheduler.registry.store.snapshot()
    guard snapshot.contains(.roots, root), snapshot.contains(.keys, root) else { return nil }
    return try scheduler.registry.update { record, transaction in
      if let list = try current(root, record, transaction.before) { return list }
      let roots = try scheduler.catalog(transaction.before).roots
      guard let certificate = roots.first(where: { $0.sha256Thumbprint == root }) else { return nil }
      let authority = try scheduler.authority(certificate, record)
      return try scheduler.issueList(of: authority, days: Scheduler.listDays, &record, &transaction)
    }
  }
}

extension Scheduler {
  /// Issues the next revocation list of a root. It replaces the one in the store, which the enrolment service publishes.
  func issueList(
    of authority: CertificateAuthority, days: Int, _ record: inout RegistryRecord, _ transaction: inout StoreTransaction
  ) throws -> RevocationList {
    let root = authority.certificate.sha256Thumbprint
    // Not just one more: a standby scheduler with the same root counts separately, and its lists must be newer, too.
    let number = max((record.revocationListNumbers[root] ?? 0) + 1, UInt64(max(now, 0)))
    record.revocationListNumbers[root] = number
    let list = try authority.issueRevocationList(record.revocations(by: root), number: number, days: days, now: now)
    for old in try catalog(transaction.before).revocationLists where old.isIssued(by: authority.certificate) {
      transaction.remove(.revocationLists, old.sha256Thumbprint)
    }
    transaction.add(
      StoredObject(thumbprint: list.sha256Thumbprint, pem: Array(list.pem.utf8)), to: .revocationLists)
    return list
  }
}

extension RevocationList {
  fileprivate func isNumbered(atLeast least: UInt64) -> Bool {
    number.flatMap { UInt64($0, radix: 16) }.map { $0 >= least } ?? false
  }
}
