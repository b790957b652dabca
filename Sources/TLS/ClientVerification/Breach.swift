/// A rule that a client's certificate breaks, with the facts.
public enum Breach: Equatable, Sendable {
  /// The client's certificate is signed by itself and is no imported root.
  case selfSigned
  /// The chain ends in a root that was not imported.
  case foreignRoot(Link, sameNameAsImported: Bool)
  /// The issuer of this link is neither imported nor presented.
  case missingIssuer(of: Link, issuer: String, sameNameAsImported: Bool)
  /// More certificates from client to root than this.
  case chainTooLong(limit: Int)
  /// The signature on this link is not its issuer's.
  case badSignature(Link)
  /// A key of less than 112 bits strength.
  case weakKey(Link, key: String)
  /// A signature made with a digest of less than 112 bits strength.
  case weakDigest(Link)
  /// Valid only from then on (seconds since the epoch).
  case notYetValid(Link, from: Int64, now: Int64)
  /// Valid only until then (seconds since the epoch).
  case expired(Link, since: Int64, now: Int64)
  /// The link issued another certificate and is none of a CA.
  case notAnAuthority(Link, version: Int)
  /// More CAs below this link than it allows.
  case pathLengthExceeded(Link)
  /// A name below this link that its name constraints, or those above, do not allow.
  case nameConstraint(Link, detail: String)
  /// Not meant for clients of TLS.
  case wrongPurpose(Link, purpose: Purpose)
  /// Revoked then (seconds since the epoch; nil if unknown) by its issuer.
  case revoked(Link, since: Int64?)
  /// The issuer's revocation list is out of date, since then (seconds since the epoch; nil if unknown).
  case revocationListExpired(issuer: String, since: Int64?)
  /// There is a revocation list of the issuer, and it cannot be used.
  case revocationListUnusable(issuer: String, detail: String)
  /// A critical extension that OpenSSL does not know.
  case unknownCriticalExtension(Link)
  /// Extensions that cannot be read, come twice or contradict each other.
  case malformed(Link)
  /// The client's name is ambiguous.
  case ambiguousName(detail: String)
  /// Something else, in OpenSSL's words.
  case other(Link, detail: String)

  /// What a certificate is meant for, where that is not the authentication of a client.
  public enum Purpose: Equatable, Sendable {
    /// Extended key usage names servers and not clients.
    case serversOnly
    /// Extended key usage names neither.
    case otherUses
    /// Key usage does not allow signatures.
    case noSignatures
  }
}

extension Breach {
  /// The rules by which clients are refused, as metrics and JSON name them.
  public enum Rule: String, CaseIterable, Sendable {
    case selfSigned = "self_signed"
    case foreignRoot = "foreign_root"
    case missingIssuer = "missing_issuer"
    case chainTooLong = "chain_too_long"
    case badSignature = "bad_signature"
    case weakKey = "weak_key"
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

  /// Which rule is broken.
  public var rule: Rule {
    switch self {
    case .selfSigned: .selfSigned
    case .foreignRoot: .foreignRoot
    case .missingIssuer: .missingIssuer
    case .chainTooLong: .chainTooLong
    case .badSignature: .badSignature
    case .weakKey: .weakKey
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
