import COpenSSL

/// One objection that OpenSSL has to a chain.
package struct PathFinding: Sendable {
  /// Which rule of path validation is broken.
  package let fault: PathFault
  /// Whose certificate it is about: 0 is the client's own.
  package let depth: Int
  /// The certificate it is about.
  package let certificate: Certificate?
  /// OpenSSL's own words.
  package let text: String
}

/// Objections of X509_verify_cert(3), sorted by what there is to do about them.
package enum PathFault: Sendable, Hashable {
  /// Nobody's certificate is at hand that could have issued this one.
  case missingIssuer
  /// The client's certificate is signed by itself.
  case selfSigned
  /// The chain ends in a root that was not imported.
  case foreignRoot
  case badSignature
  case notYetValid
  case expired
  case chainTooLong
  case pathLengthExceeded
  case notAnAuthority
  case wrongPurpose
  case nameConstraint
  case unknownCriticalExtension
  case weakKey
  case weakDigest
  case revoked
  /// No revocation list of this certificate's issuer is at hand.
  case noRevocationList
  case revocationListExpired
  /// A revocation list of the issuer is at hand and cannot be used.
  case revocationListUnusable
  /// Strict form (RFC 5280) that many CAs in use do not keep, and whose lack endangers nobody.
  case tolerableForm
  case other

  init(_ code: Int32) { self = Self.known[code] ?? .other }

  private static let known: [Int32: PathFault] = [
    X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT: .missingIssuer,
    X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: .missingIssuer,
    X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: .missingIssuer,
    X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: .selfSigned,
    X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: .foreignRoot,
    X509_V_ERR_CERT_UNTRUSTED: .foreignRoot,
    X509_V_ERR_CERT_REJECTED: .foreignRoot,
    X509_V_ERR_CERT_SIGNATURE_FAILURE: .badSignature,
    X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE: .badSignature,
    X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: .badSignature,
    X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid,
    X509_V_ERR_CERT_HAS_EXPIRED: .expired,
    X509_V_ERR_CERT_CHAIN_TOO_LONG: .chainTooLong,
    X509_V_ERR_PATH_LENGTH_EXCEEDED: .pathLengthExceeded,
    X509_V_ERR_INVALID_CA: .notAnAuthority,
    X509_V_ERR_KEYUSAGE_NO_CERTSIGN: .notAnAuthority,
    X509_V_ERR_INVALID_PURPOSE: .wrongPurpose,
    X509_V_ERR_PERMITTED_VIOLATION: .nameConstraint,
    X509_V_ERR_EXCLUDED_VIOLATION: .nameConstraint,
    X509_V_ERR_SUBTREE_MINMAX: .nameConstraint,
    X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE: .nameConstraint,
    X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX: .nameConstraint,
    X509_V_ERR_UNSUPPORTED_NAME_SYNTAX: .nameConstraint,
    X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: .unknownCriticalExtension,
    X509_V_ERR_EE_KEY_TOO_SMALL: .weakKey,
    X509_V_ERR_CA_KEY_TOO_SMALL: .weakKey,
    X509_V_ERR_CA_MD_TOO_WEAK: .weakDigest,
    X509_V_ERR_CERT_REVOKED: .revoked,
    X509_V_ERR_UNABLE_TO_GET_CRL: .noRevocationList,
    X509_V_ERR_CRL_HAS_EXPIRED: .revocationListExpired,
    X509_V_ERR_CRL_NOT_YET_VALID: .revocationListUnusable,
    X509_V_ERR_CRL_SIGNATURE_FAILURE: .revocationListUnusable,
    X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER: .revocationListUnusable,
    X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE: .revocationListUnusable,
    X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD: .revocationListUnusable,
    X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD: .revocationListUnusable,
    X509_V_ERR_KEYUSAGE_NO_CRL_SIGN: .revocationListUnusable,
    X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION: .revocationListUnusable,
    X509_V_ERR_DIFFERENT_CRL_SCOPE: .revocationListUnusable,
    X509_V_ERR_CRL_PATH_VALIDATION_ERROR: .revocationListUnusable,
    X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER: .tolerableForm,
    X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER: .tolerableForm,
    X509_V_ERR_CA_BCONS_NOT_CRITICAL: .tolerableForm,
    X509_V_ERR_CA_CERT_MISSING_KEY_USAGE: .tolerableForm,
  ]
}
