import CertificateStore
import OpenSSL
import Values
import Wording

/// What an import will change in the store, computed without touching it.
public struct ImportPlan: Sendable {
  /// The role of an object for the agent.
  public enum Role: String, Sendable {
    case listener, root, intermediate
    case revocationList = "crl"
  }

  /// One certificate of the plan.
  public struct Entry: Sendable {
    /// The certificate's role.
    public let role: Role
    /// The certificate.
    public let certificate: Certificate
    /// Whether it is not in the store yet.
    public let isNew: Bool
  }

  /// The certificates of the plan: first the listener's, then towards the roots. Includes those of the chain that come from the store.
  public var entries: [Entry] = []
  /// The listener's private key, if it is not in the store yet.
  public var key: PrivateKey?
  /// The revocation lists to add.
  public var revocationLists: [RevocationList] = []
  /// The lists that the new ones replace.
  public var replacedLists: [Thumbprint] = []
  /// Warnings for the user, one line each.
  public var warnings: [String] = []

  /// The listener certificate, if the file contains one.
  public var listener: Certificate? { entries.first { $0.role == .listener }?.certificate }

  /// The maximum number of certificates in a chain, root included.
  public static let maximumChain = ChainSearch.maximumLength

  /// How long before a certificate expires a warning is given: 30 days, in seconds.
  public static let warningPeriod: Int64 = 30 * 86400

  /// Checks a bundle: what it is, whether it is complete, and whether it is still valid.
  ///
  /// - Parameter now: seconds since the epoch.
  public init(_ bundle: Bundle, catalog: StoreCatalog, now: Int64) throws(ImportRefusal) {
    let search = ChainSearch(candidates: bundle.certificates + catalog.all)
    if let leaf = try Self.listenerCertificate(in: bundle, catalog) {
      try addListener(leaf, bundle, search, catalog, now)
    } else {
      for authority in bundle.certificates { try addChain(try search.chain(of: authority), catalog, now) }
    }
    for list in bundle.revocationLists { try add(list, bundle, catalog, now) }
    warnAboutExpiry(now)
  }

  private mutating func addListener(
    _ leaf: Certificate, _ bundle: Bundle, _ search: ChainSearch, _ catalog: StoreCatalog, _ now: Int64
  ) throws(ImportRefusal) {
    if let usage = leaf.extendedKeyUsage, usage.isDisjoint(with: [.serverAuthentication, .any]) {
      throw .notForServers(subject: leaf.subject)
    }
    let chain = try search.chain(of: leaf)
    try addChain(chain, catalog, now)
    if let key = bundle.key { warnings += try ServerUse.check(chain, key) }
    warnAboutRevocation(of: chain, by: catalog.revocationLists)
    if !catalog.keys.contains(leaf.sha256Thumbprint) { key = bundle.key }
    for other in bundle.certificates where !chain.contains(other) {
      warnings.append("\(other.subject) is not part of the listener's chain and was left out; import it separately")
    }
  }

  private mutating func addChain(
    _ chain: [Certificate], _ catalog: StoreCatalog, _ now: Int64
  ) throws(ImportRefusal) {
    for certificate in chain where !entries.contains(where: { $0.certificate == certificate }) {
      if certificate.notAfter < now {
        throw .expired(subject: certificate.subject, since: Timestamp(seconds: certificate.notAfter))
      }
      let role: Role = certificate.isSelfSigned ? .root : certificate.isCA ? .intermediate : .listener
      let stored = role == .root ? catalog.roots : catalog.certificates
      entries.append(Entry(role: role, certificate: certificate, isNew: !stored.contains(certificate)))
    }
  }

  private mutating func warnAboutExpiry(_ now: Int64) {
    for certificate in entries.map(\.certificate) {
      if certificate.notBefore > now {
        let start = Timestamp(seconds: certificate.notBefore)
        warnings.append("\(certificate.subject) is not valid before \(start.short); check this host's clock")
      } else if certificate.notAfter < now + Self.warningPeriod {
        let end = Timestamp(seconds: certificate.notAfter)
        let days = (certificate.notAfter - now) / 86400
        warnings.append("\(certificate.subject) expires in \(counted(days, "day")), at \(end.short)")
      }
    }
  }
}

extension ImportPlan {
  /// Returns the one certificate of the bundle that is not a CA's; `nil` if it contains only CAs and lists.
  private static func listenerCertificate(
    in bundle: Bundle, _ catalog: StoreCatalog
  ) throws(ImportRefusal) -> Certificate? {
    let leaves = bundle.certificates.filter { !$0.isCA }
    guard let key = bundle.key else {
      guard let leaf = leaves.first else { return nil }
      try refuse(leaves, leaf)
      if !catalog.keys.contains(leaf.sha256Thumbprint) { throw .noKey(subject: leaf.subject) }
      return leaf
    }
    guard let owner = bundle.certificates.first(where: { $0.matches(key) }) else {
      guard let nearest = leaves.first ?? bundle.certificates.first else { throw .keyAlone }
      throw .otherKey(key: key.keyDescription, subject: nearest.subject, certificate: nearest.keyDescription)
    }
    if owner.isCA { throw .authorityKey(subject: owner.subject) }
    try refuse(leaves, owner)
    return owner
  }

  private static func refuse(_ leaves: [Certificate], _ leaf: Certificate) throws(ImportRefusal) {
    if leaf.isSelfSigned { throw .selfSignedLeaf(subject: leaf.subject) }
    guard leaves.count > 1 else { return }
    if let issuer = leaves.first(where: { leaf.isIssued(by: $0) }) {
      throw .notAuthority(subject: issuer.subject, issued: leaf.subject)
    }
    throw .severalLeaves(leaves.map(\.subject))
  }
}
