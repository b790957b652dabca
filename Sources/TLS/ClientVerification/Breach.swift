/// A rule that a client's certificate breaks, with the facts.
public enum Breach: Equatable, Sendable {
  /// The client's certificate is self-signed and not an imported root.
  case selfSigned
  /// The chain ends in a root that was not imported.
  case foreignRoot(Link, namesake: Namesake)
  /// The issuer of this link is neither imported nor presented.
  case missingIssuer(of: Link, issuer: String, namesake: Namesake)
  /// The path from client to root has more certificates than this.
  case chainTooLong(limit: Int)
  /// The signature on this link does not match its issuer's key.
  case badSignature(Link)
  /// A key with a strength of less than 112 bits.
  case weakKey(Link, key: String)
  /// A key of a kind, or on a curve, that cannot authenticate a client in our handshakes.
  case unusableKey(Link, key: String)
  /// A signature whose digest has a strength of less than 112 bits.
  case weakDigest(Link)
  /// Not valid before `from` (seconds since the epoch).
  case notYetValid(Link, from: Int64, now: Int64)
  /// Not valid after `since` (seconds since the epoch).
  case expired(Link, since: Int64, now: Int64)
  /// The link issued another certificate but is not a CA's.
  case notAnAuthority(Link, version: Int)
  /// More CAs below this link than its path length allows.
  case pathLengthExceeded(Link)
  /// A name of this link that the name constraints of its issuers do not allow.
  case nameConstraint(Link, detail: String)
  /// The certificate is not for TLS clients.
  case wrongPurpose(Link, purpose: Purpose)
  /// Revoked by its issuer at `since` (seconds since the epoch; `nil` if unknown).
  case revoked(Link, since: Int64?)
  /// The issuer's revocation list expired at `since` (seconds since the epoch; `nil` if unknown).
  case revocationListExpired(issuer: String, since: Int64?)
  /// The issuer has a revocation list, but it is unusable.
  case revocationListUnusable(issuer: String, detail: String)
  /// A critical extension that OpenSSL does not know.
  case unknownCriticalExtension(Link)
  /// Extensions that are unreadable, duplicate or contradictory; `detail` is `nil` if the exact fault is not known.
  case malformed(Link, detail: String?)
  /// The client's name is ambiguous.
  case ambiguousName(detail: String)
  /// Any other objection, in OpenSSL's words.
  case other(Link, detail: String)

  /// An imported root with the required name that still does not fit.
  public enum Namesake: Equatable, Sendable {
    /// No imported root has the name.
    case none
    /// It has another key.
    case otherKey
    /// It has the key, but the certificate names another certificate of it (authority key identifier), which OpenSSL follows.
    case otherIdentifier
  }

  /// What a certificate is for, if not client authentication.
  public enum Purpose: Equatable, Sendable {
    /// The extended key usage includes servers but not clients.
    case serversOnly
    /// The extended key usage includes neither.
    case otherUses
    /// The key usage does not allow signatures.
    case noSignatures
    /// The Netscape certificate type, which old tools set in place of an extended key usage, excludes clients.
    case netscapeType
  }
}

extension Breach {
  /// The rules by which clients are refused, with their names in metrics and JSON.
  public enum Rule: String, CaseIterable, Sendable {
    case selfSigned = "self_signed"
    case foreignRoot = "foreign_root"
    case missingIssuer = "missing_issuer"
    case chainTooLong = "chain_too_long"
    case badSignature = "bad_signature"
    case weakKey = "weak_key"
    case unusableKey = "unusable_key"
    case weakDigest = "weak_digest"
    case notYetValid = "not_yet_valid"
    case expired
    case notAnAuthority = "not_an_authority"
    case pathLengthExceeded = "path_length_exceeded"
    case nameConstraint = "name_constraint"
    case wrongPurpose = "wrong_purpose"
    case revoked
    case revocationListExpired = "revocation_list_expired"
    case revocationListUnusable = "revocation_list_unusable"
    case unknownCriticalExtension = "unknown_critical_extension"
    case malformed
    case ambiguousName = "ambiguous_name"
    case other = "other_fault"
  }

  /// The rule that is broken.
  public var rule: Rule {
    switch self {
    case .selfSigned: .selfSigned
    case .foreignRoot: .foreignRoot
    case .missingIssuer: .missingIssuer
    case .chainTooLong: .chainTooLong
    case .badSignature: .badSignature
    case .weakKey: .weakKey
    case .unusableKey: .unusableKey
    case .weakDigest: .weakDigest
    case .notYetValid: .notYetValid
    case .expired: .expired
    case .notAnAuthority: .notAnAuthority
    case .pathLengthExceeded: .pathLengthExceeded
    case .nameConstraint: .nameConstraint
    case .wrongPurpose: .wrongPurpose
    case .revoked: .revoked
    case .revocationListExpired: .revocationListExpired
    case .revocationListUnusable: .revocationListUnusable
    case .unknownCriticalExtension: .unknownCriticalExtension
    case .malformed: .malformed
    case .ambiguousName: .ambiguousName
    case .other: .other
    }
  }
}
