import OpenSSL
import Synchronization

/// The status of a certificate in the available revocation lists (RFC 5280 section 6.3).
enum RevocationStatus: Equatable, Sendable {
  /// There is no list from its issuer.
  case unknown
  /// A current list covers the certificate and does not name it.
  case good
  /// Revoked at that time, in seconds since the epoch.
  case revoked(since: Int64)
  /// The lists that cover it have expired, the last one at that time.
  case outOfDate(since: Int64)
  /// There are lists from its issuer, but none is usable for it.
  case unusable(String)
}

/// The revocation lists of a verifier.
///
/// Name and key decide whether a list is an issuer's: a list of another CA with the same name does not count. A signature is checked once
/// and not in every handshake, so that long lists cost nothing there.
final class RevocationLists: Sendable {
  private let lists: [HeldList]
  private let authorities: [Certificate]

  /// - Parameter authorities: the known CAs, to tell apart the lists of CAs with the same name.
  init(_ lists: [RevocationList], authorities: [Certificate]) {
    self.lists = lists.map { HeldList($0) }
    self.authorities = authorities
    // Now, so that no handshake has to read a long list.
    for held in self.lists {
      for authority in authorities where held.list.isNamed(after: authority) { _ = held.isSigned(by: authority) }
    }
  }

  /// The moments at which a status can change, in seconds since the epoch.
  var moments: [Int64] {
    lists.map(\.list).flatMap { [$0.thisUpdate - RevocationList.clockGrace, $0.nextUpdate].compactMap(\.self) }
  }

  /// Returns the status of `certificate`, which `issuer` has issued.
  ///
  /// Call it only once that is established: otherwise a stranger's certificate could cause a long list to be read for nothing.
  func status(of certificate: Certificate, by issuer: Certificate, at time: Int64) -> RevocationStatus {
    let held = lists.filter { $0.list.isNamed(after: issuer) && !isForeign($0, to: issuer) }
    if held.isEmpty { return .unknown }
    let newest = held.filter { list in !held.contains { $0.replaces(list, of: issuer) } }
    // An issuer uses a serial number only once: if any of its lists names it, it is revoked.
    if let since = newest.compactMap({ $0.revocation(of: certificate, by: issuer) }).min() {
      return .revoked(since: since)
    }
    let inScope = newest.filter { $0.scope.covers(certificate) }
    let states = inScope.map { $0.state(for: issuer, at: time) }
    if states.contains(.good) { return .good }
    // A list that is merely expired is reported before one that is unusable.
    let ends = states.compactMap { if case .outOfDate(let since) = $0 { since } else { nil } }
    if let end = ends.max() { return .outOfDate(since: end) }
    return states.first ?? .unusable("none of its lists is for certificates like this one")
  }

  /// Returns whether another CA with the same name has issued the list.
  private func isForeign(_ held: HeldList, to issuer: Certificate) -> Bool {
    if held.isSigned(by: issuer) { return false }
    return held.list.namesAnotherKey(than: issuer)
      || authorities.contains { held.list.isNamed(after: $0) && held.isSigned(by: $0) }
  }
}

/// A list, with the facts about it that are determined once.
private final class HeldList: Sendable {
  let list: RevocationList
  let scope: RevocationScope
  private let fault: String?
  /// Whether the list is signed by an issuer, for each issuer asked about.
  private let signatures = Mutex<[Certificate: Bool]>([:])
  private static let rememberedIssuers = 256

  init(_ list: RevocationList) {
    self.list = list
    scope = list.scope
    fault = list.fault
    list.sort()
  }

  func isSigned(by issuer: Certificate) -> Bool {
    signatures.withLock { signatures in
      if let known = signatures[issuer] { return known }
      let isGood = list.isIssued(by: issuer)
      if signatures.count >= Self.rememberedIssuers { signatures.removeAll() }
      signatures[issuer] = isGood
      return isGood
    }
  }

  /// Returns whether this is a newer list of the same scope. A delta list neither replaces a list nor is replaced.
  func replaces(_ other: HeldList, of issuer: Certificate) -> Bool {
    self !== other && scope == other.scope && !list.isDelta && !other.list.isDelta && isSigned(by: issuer)
      && other.isSigned(by: issuer) && list.isNewer(than: other.list)
  }

  func revocation(of certificate: Certificate, by issuer: Certificate) -> Int64? {
    isSigned(by: issuer) ? list.revocation(of: certificate) : nil
  }

  func state(for issuer: Certificate, at time: Int64) -> RevocationStatus {
    if !isSigned(by: issuer) { return .unusable("its signature is not its issuer's") }
    if !issuer.allowsSigningRevocationLists { return .unusable("its issuer may not sign revocation lists") }
    if let fault { return .unusable(fault) }
    if list.thisUpdate > time + RevocationList.clockGrace { return .unusable("it is not valid yet") }
    if let due = list.nextUpdate, due < time { return .outOfDate(since: due) }
    return .good
  }
}
