import OpenSSL
import Values

extension ImportPlan {
  /// Adds a list, which replaces older ones of its issuer.
  mutating func add(
    _ list: RevocationList, _ bundle: Bundle, _ catalog: StoreCatalog, _ now: Int64
  ) throws(ImportRefusal) {
    let authorities = entries.map(\.certificate) + catalog.all
    guard authorities.contains(where: { $0.isCA && list.isIssued(by: $0) }) else {
      throw .unknownIssuer(issuer: list.issuer)
    }
    if catalog.revocationLists.contains(where: { $0.sha256Thumbprint == list.sha256Thumbprint }) { return }
    let present = catalog.revocationLists.filter { $0.issuer == list.issuer }
    if let newer = present.first(where: { $0.isNewer(than: list) }) {
      throw .olderList(
        issuer: list.issuer, made: Timestamp(seconds: list.thisUpdate), stored: Timestamp(seconds: newer.thisUpdate))
    }
    replacedLists += present.map(\.sha256Thumbprint)
    revocationLists.append(list)
    if let due = list.nextUpdate, due < now {
      warnings.append("revocation list of \(list.issuer) expired at \(Timestamp(seconds: due).short)")
    }
  }
}

extension RevocationList {
  /// Made later than `other` of the same issuer: by the number (RFC 5280 section 5.2.3), which cannot go back as clocks
  /// do; by the date where one has none.
  func isNewer(than other: RevocationList) -> Bool {
    guard let mine = number.map(Self.magnitude), let its = other.number.map(Self.magnitude) else {
      return thisUpdate > other.thisUpdate
    }
    return mine.count != its.count ? mine.count > its.count : mine > its
  }

  private static func magnitude(_ digits: String) -> String { String(digits.drop { $0 == "0" }) }
}
