import CertificateImport
import OpenSSL
import Values
import Wording

/// One object of the store, as `-l` and `-I` show it; with `--json` exactly so.
public struct StoreEntry: Encodable, Equatable, Sendable {
  /// What it is to the agent: `listener`, `root`, `intermediate` or `crl`; `client` for one that was let in and is not
  /// stored.
  public var role: String
  /// Whom it is about, of a revocation list who issued it; RFC 4514.
  public var subject: String
  /// The names (subject alternative names) it is valid for.
  public var names: [String]
  /// SHA-1, 40 lower-case hex digits.
  public var sha1: String
  /// SHA-256.
  public var sha256: Thumbprint
  /// The beginning of its validity.
  public var notBefore: Timestamp
  /// The end of its validity; a revocation list may have none.
  public var notAfter: Timestamp?
  /// Whether the private key is stored too.
  public var hasKey: Bool
  /// Whether the listener uses it.
  public var inUse: Bool

  /// Of a root when a client was last let in through it, of a client when it was; `nil` if that is not known.
  public var lastUse: Timestamp?
  /// Of a client the root that it was let in through.
  public var root: Thumbprint?

  /// Kind and size of the key; not in the JSON.
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

  init(_ list: RevocationList, inUse: Bool) {
    self.init(
      role: ImportPlan.Role.revocationList.rawValue, subject: list.issuer, names: [], sha1: list.sha1Thumbprint,
      sha256: list.sha256Thumbprint, notBefore: Timestamp(seconds: list.thisUpdate),
      notAfter: list.nextUpdate.map { Timestamp(seconds: $0) }, hasKey: false, inUse: inUse)
  }

  /// For people.
  ///
  /// - Parameters:
  ///   - remark: something to say besides, after the subject.
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
    if let root { lines.append(Self.line("through", "\(root)")) }
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
