import OpenSSL
import Values

extension ImportPlan {
  /// Adds a list, which replaces older ones with the same issuer, key and scope.
  mutating func add(
    _ list: RevocationList, _ bundle: Bundle, _ catalog: StoreCatalog, _ now: Int64
  ) throws(ImportRefusal) {
    let authorities = entries.map(\.certificate) + catalog.all
    guard let issuer = authorities.first(where: { $0.isCA && list.isIssued(by: $0) }) else {
      throw .unknownIssuer(issuer: list.issuer)
    }
    if let fault = Self.fault(of: list, by: issuer, now) { throw .unusableList(issuer: list.issuer, reason: fault) }
    if catalog.revocationLists.contains(where: { $0.sha256Thumbprint == list.sha256Thumbprint }) { return }
    let scope = list.scope
    let present = catalog.revocationLists.filter { $0.hasIssuerName(of: list) && $0.isIssued(by: issuer) }
    // A delta list stored before delta lists were refused would be read as a complete one.
    let replaced = present.filter { $0.isDelta || $0.scope == scope }
    if let newer = replaced.first(where: { !$0.isDelta && $0.isNewer(than: list) }) {
      throw .olderList(issuer: list.issuer, scope: scope.text, ListAge(list), stored: ListAge(newer))
    }
    // If the file has several, use the newest.
    let others = revocationLists.filter { $0.hasIssuerName(of: list) && $0.isIssued(by: issuer) && $0.scope == scope }
    if others.contains(where: { $0.isNewer(than: list) }) { return }
    revocationLists.removeAll { list in others.contains { $0.sha256Thumbprint == list.sha256Thumbprint } }
    replacedLists += replaced.map(\.sha256Thumbprint).filter { !replacedLists.contains($0) }
    revocationLists.append(list)
    if let warning = Self.ageWarning(list, now) { warnings.append(warning) }
    warnings += Self.warnings(entries.map(\.certificate) + catalog.certificates, revokedBy: [list], of: authorities)
  }

  /// Warns if a list that is already in the store revokes a certificate of the listener's chain.
  mutating func warnAboutRevocation(of chain: [Certificate], by lists: [RevocationList]) {
    warnings += Self.warnings(chain, revokedBy: lists, of: chain)
  }

  /// Returns a warning for each of the agent's own certificates that a list revokes.
  ///
  /// - Parameter authorities: the CAs that may have signed the lists.
  public static func warnings(
    _ certificates: [Certificate], revokedBy lists: [RevocationList], of authorities: [Certificate]
  ) -> [String] {
    var warnings: [String] = []
    for list in lists {
      for own in certificates where list.revocation(of: own) != nil {
        guard authorities.contains(where: { own.isIssued(by: $0) && list.isIssued(by: $0) }) else { continue }
        let warning =
          "revocation list of \(list.issuer) revokes \(own.subject) (sha256 \(own.sha256Thumbprint.beginning)…), which is in the store: "
          + "whoever has this list refuses it"
        if !warnings.contains(warning) { warnings.append(warning) }
      }
    }
    return warnings
  }

  /// Returns a warning if the list has expired, or is in the last third of its time.
  static func ageWarning(_ list: RevocationList, _ now: Int64) -> String? {
    guard let due = list.nextUpdate else { return nil }
    let moment = Timestamp(seconds: due).short
    if due < now {
      return
        "revocation list of \(list.issuer) expired at \(moment): its entries count, later ones are missing; import a newer one"
    }
    guard due - now <= RevocationList.notice(begin: list.thisUpdate, end: due) else { return nil }
    return "revocation list of \(list.issuer) is due at \(moment): import the next one before that"
  }

  /// Returns why this list would make the verifier refuse all clients of its CA; `nil` if it is usable.
  private static func fault(of list: RevocationList, by issuer: Certificate, _ now: Int64) -> String? {
    if let fault = list.fault { return fault }
    if !issuer.allowsSigningRevocationLists {
      return "the key usage of its CA does not allow it to sign revocation lists"
    }
    if list.thisUpdate > now + RevocationList.clockGrace {
      return "it is not valid before \(Timestamp(seconds: list.thisUpdate).short); check this host's clock"
    }
    return nil
  }
}

/// What orders the lists of one scope: the number (RFC 5280 section 5.2.3), or the date of a list without a number.
public struct ListAge: Equatable, Sendable, CustomStringConvertible {
  /// Hex digits; `nil` for a list without a number.
  public let number: String?
  /// When the list was issued.
  public let made: Timestamp

  init(_ list: RevocationList) {
    number = list.number
    made = Timestamp(seconds: list.thisUpdate)
  }

  /// `number 0x1a, made at 2026-11-23T02:00:00Z`.
  public var description: String { "\(number.map { "number 0x\($0), " } ?? "without a number, ")made at \(made.short)" }
}
