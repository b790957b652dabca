import CertificateImport
import ClientVerification
import OpenSSL
import Values

/// A certificate of a chain with its verdict: one line of the tree that `-V` prints, and one object of `links` in its JSON.
///
/// The first is the root, or what stands in its place; each issued the next.
struct ChainLink: Encodable, Equatable {
  /// The role of a certificate in the chain.
  enum Role: String, Encodable {
    /// The end of the chain, whether imported or not.
    case root
    case intermediate
    case client
    /// An issuer that was neither sent nor imported: only its name is known.
    case missing
  }

  var role: Role
  var subject: String
  var sha256: Thumbprint?
  var notBefore: Timestamp?
  var notAfter: Timestamp?
  var key: String?
  /// The rules that it breaks, as words and as sentences; empty for a certificate without faults.
  var rules: [String] = []
  var reasons: [String] = []

  enum CodingKeys: String, CodingKey {
    case role, subject
    case sha256 = "thumbprint_sha256"
    case notBefore = "not_before"
    case notAfter = "not_after"
    case key, accepted, rules, reasons
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(role, forKey: .role)
    try container.encode(subject, forKey: .subject)
    // null, not absent, if only the name is known.
    try container.encode(sha256, forKey: .sha256)
    try container.encode(notBefore, forKey: .notBefore)
    try container.encode(notAfter, forKey: .notAfter)
    try container.encode(key, forKey: .key)
    try container.encode(rules.isEmpty, forKey: .accepted)
    try container.encode(rules, forKey: .rules)
    try container.encode(reasons, forKey: .reasons)
  }
}

extension ChainLink {
  private init(_ link: ExaminedLink, _ role: Role) {
    self.init(
      role: role, subject: link.certificate.subject, sha256: link.certificate.sha256Thumbprint,
      notBefore: Timestamp(seconds: link.certificate.notBefore),
      notAfter: Timestamp(seconds: link.certificate.notAfter), key: link.certificate.keyDescription,
      rules: link.breaches.map(\.rule.rawValue), reasons: link.breaches.map(\.statement))
  }

  /// Returns the links of a chain, from the root to the client.
  static func links(of examination: Examination) -> [ChainLink] {
    var links = examination.links.enumerated().map { depth, link in
      let isRoot = link.isImportedRoot || (depth > 0 && link.certificate.isSelfIssued)
      return ChainLink(link, isRoot ? .root : depth == 0 ? .client : .intermediate)
    }
    if let (issuer, namesake) = examination.missingIssuer {
      let reason =
        switch namesake {
        case .none: "is neither imported here nor in the file"
        case .otherKey: "is missing: the imported root of this name has another key"
        case .otherIdentifier:
          "is missing: the imported root of this name and key has another identifier or serial number"
        }
      links.append(
        ChainLink(role: .missing, subject: issuer, rules: [Breach.Rule.missingIssuer.rawValue], reasons: [reason]))
    }
    return links.reversed()
  }

  /// Returns the lines of the tree, each issuer above what it issued.
  static func tree(_ links: [ChainLink]) -> [String] {
    links.enumerated().map { depth, link in
      let branch = depth == 0 ? "" : String(repeating: "   ", count: depth - 1) + "└─ "
      return "\(branch)\(link.text)"
    }
  }

  private var text: String {
    let verdict = reasons.isEmpty ? (role == .root ? "ok, imported root" : "ok") : reasons.joined(separator: "; ")
    guard let sha256, let notBefore, let notAfter, let key else { return "\(subject): \(verdict)" }
    return "\(subject) (sha256 \(sha256.beginning)…, \(key), \(notBefore.short) to \(notAfter.short)): \(verdict)"
  }
}
