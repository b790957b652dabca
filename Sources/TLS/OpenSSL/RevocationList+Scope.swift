import COpenSSL

/// The certificates of its issuer that a list covers: the issuing distribution point (RFC 5280 section 5.2.5).
///
/// Two lists with the same issuer and key replace each other if their scopes are equal, and coexist if not.
public struct RevocationScope: Hashable, Sendable {
  /// Whether it covers only certificates that are not CAs'.
  public var onlyUsers = false
  /// Whether it covers only CA certificates.
  public var onlyAuthorities = false
  /// The names of the distribution point, each in DER; empty for a list without names.
  fileprivate(set) var names: Set<[UInt8]> = []
  /// The first name, for messages; empty without names.
  public fileprivate(set) var text = ""

  /// The scope of a list without the extension: everything from its issuer.
  public static let everything = RevocationScope()

  /// Returns whether a list with this scope covers `certificate`.
  public func covers(_ certificate: Certificate) -> Bool {
    if certificate.isCA ? onlyUsers : onlyAuthorities { return false }
    return names.isEmpty || !names.isDisjoint(with: certificate.distributionPointNames)
  }
}

extension RevocationList {
  /// How far a CA's clock may be ahead, in seconds.
  public static let clockGrace: Int64 = 300

  /// The certificates that the list covers.
  public var scope: RevocationScope {
    guard let point = issuingDistributionPoint else { return .everything }
    defer { ISSUING_DIST_POINT_free(point) }
    var scope = RevocationScope()
    (scope.onlyUsers, scope.onlyAuthorities) = (point.pointee.onlyuser > 0, point.pointee.onlyCA > 0)
    let names = cssl_DIST_POINT_NAME_full(point.pointee.distpoint)
    scope.names = GeneralNameBytes.all(names)
    scope.text = GeneralNameBytes.text(names)
    return scope
  }

  /// Why the list is unusable regardless of the time; `nil` if it is usable.
  public var fault: String? {
    if isDelta { return "it is a delta list, which holds changes alone; the complete list is needed" }
    if let fault = distributionPointFault { return fault }
    if !trailingExtensions.isEmpty { return "its extension \(trailingExtensions[0]) has bytes after its end" }
    if hasUnknownCriticalExtension { return "it has a critical extension that is not known here" }
    return nil
  }

  /// Whether it contains only changes since another list (RFC 5280 section 5.2.4).
  public var isDelta: Bool { X509_CRL_get_ext_by_NID(pointer, NID_delta_crl, -1) >= 0 }

  /// Returns whether both lists have the same issuer name.
  public func hasIssuerName(of other: RevocationList) -> Bool {
    X509_NAME_cmp(X509_CRL_get_issuer(pointer), X509_CRL_get_issuer(other.pointer)) == 0
  }

  /// Returns whether the subject of `issuer` is this list's issuer name.
  public func isNamed(after issuer: Certificate) -> Bool {
    X509_NAME_cmp(X509_CRL_get_issuer(pointer), X509_get_subject_name(issuer.pointer)) == 0
  }

  /// Returns whether the list's authority key identifier names a key other than that of `issuer`.
  public func namesAnotherKey(than issuer: Certificate) -> Bool {
    guard let raw = X509_CRL_get_ext_d2i(pointer, NID.authorityKeyIdentifier, nil, nil) else { return false }
    let identifier = raw.assumingMemoryBound(to: AUTHORITY_KEYID.self)
    defer { AUTHORITY_KEYID_free(identifier) }
    guard let key = identifier.pointee.keyid, let own = X509_get0_subject_key_id(issuer.pointer) else { return false }
    return ASN1_STRING_cmp(key, own) != 0
  }

  private var issuingDistributionPoint: UnsafeMutablePointer<ISSUING_DIST_POINT>? {
    X509_CRL_get_ext_d2i(pointer, NID_issuing_distribution_point, nil, nil)?
      .assumingMemoryBound(to: ISSUING_DIST_POINT.self)
  }

  private var distributionPointFault: String? {
    if X509_CRL_get_ext_by_NID(pointer, NID_issuing_distribution_point, -1) < 0 { return nil }
    defer { ERR_clear_error() }
    guard let point = issuingDistributionPoint else { return "its issuing distribution point cannot be read" }
    defer { ISSUING_DIST_POINT_free(point) }
    if point.pointee.indirectCRL > 0 { return "it is an indirect list, which other CAs' certificates may be on" }
    if point.pointee.onlyattr > 0 { return "it is about attribute certificates alone" }
    if point.pointee.onlysomereasons != nil { return "it is about some reasons of revocation alone" }
    if point.pointee.onlyuser > 0, point.pointee.onlyCA > 0 {
      return "its issuing distribution point contradicts itself"
    }
    if point.pointee.distpoint != nil, cssl_DIST_POINT_NAME_full(point.pointee.distpoint) == nil {
      return "its distribution point has a name relative to its issuer"
    }
    return nil
  }

  private var hasUnknownCriticalExtension: Bool {
    let isUnknown = (0..<X509_CRL_get_ext_count(pointer)).contains { index in
      Self.isUnknownAndCritical(X509_CRL_get_ext(pointer, index), known: Self.knownExtensions)
    }
    if isUnknown { return true }
    let stack = X509_CRL_get_REVOKED(pointer)
    return (0..<cssl_X509_REVOKED_stack_count(stack)).contains { index in
      let entry = cssl_X509_REVOKED_stack_value(stack, index)
      return (0..<X509_REVOKED_get_ext_count(entry)).contains {
        Self.isUnknownAndCritical(X509_REVOKED_get_ext(entry, $0), known: [NID_crl_reason, NID_invalidity_date])
      }
    }
  }

  private static let knownExtensions = [
    NID_issuing_distribution_point, NID.authorityKeyIdentifier, NID_crl_number, NID_delta_crl,
  ]

  private static func isUnknownAndCritical(_ found: OpaquePointer?, known: [Int32]) -> Bool {
    guard let found, X509_EXTENSION_get_critical(found) == 1 else { return false }
    return !known.contains(OBJ_obj2nid(X509_EXTENSION_get_object(found)))
  }

  private var trailingExtensions: [String] {
    (0..<X509_CRL_get_ext_count(pointer)).compactMap { index in
      ExtensionForm.faultyName(X509_CRL_get_ext(pointer, index), deciding: Self.knownExtensions)
    }
  }
}

extension RevocationList {
  /// Returns whether the list is newer than `other` of the same scope.
  ///
  /// The number decides (RFC 5280 section 5.2.3), because it cannot go back as clocks can; the date decides if a number is missing.
  public func isNewer(than other: RevocationList) -> Bool {
    guard let mine = number.map(Self.magnitude), let its = other.number.map(Self.magnitude) else {
      return thisUpdate > other.thisUpdate
    }
    return mine.count != its.count ? mine.count > its.count : mine > its
  }

  private static func magnitude(_ digits: String) -> String { String(digits.drop { $0 == "0" }) }
}

extension Certificate {
  /// The names of the distribution points whose lists can revoke it, each in DER.
  fileprivate var distributionPointNames: Set<[UInt8]> {
    guard let raw = X509_get_ext_d2i(pointer, NID_crl_distribution_points, nil, nil) else { return [] }
    let points = OpaquePointer(raw)
    defer { CRL_DIST_POINTS_free(points) }
    return (0..<cssl_DIST_POINT_stack_count(points)).reduce(into: []) { names, index in
      guard let point = cssl_DIST_POINT_stack_at(points, index), point.pointee.CRLissuer == nil else { return }
      names.formUnion(GeneralNameBytes.all(cssl_DIST_POINT_NAME_full(point.pointee.distpoint)))
    }
  }
}

private enum GeneralNameBytes {
  static func all(_ names: OpaquePointer?) -> Set<[UInt8]> {
    Set(
      (0..<cssl_GENERAL_NAME_stack_count(names)).compactMap { index in
        guard let name = cssl_GENERAL_NAME_stack_at(names, index) else { return nil }
        let count = Int(i2d_GENERAL_NAME(name, nil))
        return [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, filled in
          var cursor = buffer.baseAddress
          filled = count > 0 ? Int(i2d_GENERAL_NAME(name, &cursor)) : 0
        }
      })
  }

  static func text(_ names: OpaquePointer?) -> String {
    guard let name = cssl_GENERAL_NAME_stack_at(names, 0) else { return "" }
    return AlternativeName(name).description
  }
}
