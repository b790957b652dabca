import CertificateImport
import OpenSSL
import Values
import Wording

/// An object of the store, as shown by `-l` and `-I`; `--json` prints exactly these fields.
public struct StoreEntry: Encodable, Equatable, Sendable {
  /// The role for the agent: `listener`, `root`, `intermediate` or `crl`; `client` for an accepted client, which is not stored.
  public var role: String
  /// The subject of a certificate, or the issuer of a revocation list; RFC 4514.
  public var subject: String
  /// The subject alternative names.
  public var names: [String]
  /// SHA-1 in 40 lower-case hex digits.
  public var sha1: String
  /// SHA-256.
  public var sha256: Thumbprint
  /// The start of validity.
  public var notBefore: Timestamp
  /// The end of validity; `nil` for a revocation list without one.
  public var notAfter: Timestamp?
  /// Whether the private key is stored as well.
  public var hasKey: Bool
  /// Whether the listener uses it.
  public var inUse: Bool

  /// For a root, when a client was last accepted through it; for a client, when it was last accepted; `nil` if unknown.
  public var lastUse: Timestamp?
  /// For a client, the root through which it was accepted; for a revocation list, the CA whose key signed it.
  public var root: Thumbprint?
  /// For a revocation list that covers part of its CA's certificates, its distribution point.
  public var distributionPoint: String?

  /// The type and size of the key; not in the JSON.
  var keyDescription = ""

  enum CodingKeys: String, CodingKey {
    case role, subject, names
    case sha1 = "thumbprint_sha1"
    case sha256 = "thumbprint_sha256"
    case notBefore = "not_before"
    case notAfter = "not_after"
    case hasKey = "has_key"
    case inUse = "in_use"
    case lastUse = "last_use"
    case root
    case distributionPoint = "distribution_point"
  }
}

extension StoreEntry {
  init(_ certificate: Certificate, role: String, hasKey: Bool, inUse: Bool) {
    self.init(
      role: role, subject: certificate.subject,
      names: certificate.subjectAlternativeNames.map(\.value).filter { !$0.isEmpty },
      sha1: certificate.sha1Thumbprint, sha256: certificate.sha256Thumbprint,
      notBefore: Timestamp(seconds: certificate.notBefore), notAfter: Timestamp(seconds: certificate.notAfter),
      hasKey: hasKey, inUse: inUse, keyDescription: certificate.keyDescription)
  }

  /// - Parameter issuer: the CA whose key signed it; `nil` if it is not in the store.
  init(_ list: RevocationList, of issuer: Certificate?) {
    self.init(
      role: ImportPlan.Role.revocationList.rawValue, subject: list.issuer, names: [], sha1: list.sha1Thumbprint,
      sha256: list.sha256Thumbprint, notBefore: Timestamp(seconds: list.thisUpdate),
      notAfter: list.nextUpdate.map { Timestamp(seconds: $0) }, hasKey: false, inUse: issuer != nil)
    root = issuer?.sha256Thumbprint
    distributionPoint = list.scope.text.isEmpty ? nil : list.scope.text
  }

  /// Returns the lines for people.
  ///
  /// - Parameters:
  ///   - remark: a remark to add after the subject.
  ///   - now: seconds since the epoch.
  func lines(remark: String? = nil, now: Int64) -> [String] {
    let mark = remark.map { "  (\($0))" } ?? ""
    var lines = ["\(role.padded(to: 14))\(subject)\(mark)"]
    if !names.isEmpty { lines.append(Self.line("names", names.joined(separator: ", "))) }
    lines.append(Self.line(notAfter == nil || role == "crl" ? "made" : "valid", validity(now)))
    if !keyDescription.isEmpty {
      lines.append(Self.line("key", hasKey ? "\(keyDescription), private key in the store" : keyDescription))
    }
    if let lastUse { lines.append(Self.line("last use", lastUse.short)) }
    if let root { lines.append(Self.line(role == "crl" ? "signed by" : "through", "\(root)")) }
    if let distributionPoint { lines.append(Self.line("for", distributionPoint)) }
    lines.append(Self.line("SHA-1", sha1))
    lines.append(Self.line("SHA-256", "\(sha256)"))
    return lines
  }

  private func validity(_ now: Int64) -> String {
    guard let notAfter else { return notBefore.short }
    let days = (notAfter.seconds - now) / 86400
    let rest =
      switch notAfter.seconds - now {
      case ..<0: "EXPIRED \(counted(-days, "day")) ago"
      default: "\(counted(days, "day")) left"
      }
    let word = role == "crl" ? "next due" : "to"
    return "\(notBefore.short) \(word) \(notAfter.short) (\(rest))"
  }

  private static func line(_ label: String, _ value: String) -> String { "  \(label.padded(to: 12))\(value)" }
}

extension String {
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(width - count, 1)) }
}
