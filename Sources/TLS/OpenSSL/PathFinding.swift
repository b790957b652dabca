import COpenSSL

/// An objection of OpenSSL to a chain.
package struct PathFinding: Sendable {
  /// The broken rule of path validation.
  package let fault: PathFault
  /// The position of the certificate in question: 0 is the client's own.
  package let depth: Int
  /// The certificate in question.
  package let certificate: Certificate?
  /// OpenSSL's text.
  package let text: String
}

/// The objections of X509_verify_cert(3), grouped by what must be done about them.
package enum PathFault: Sendable, Hashable {
  /// No certificate at hand could have issued this one.
  case missingIssuer
  /// The client's certificate is self-signed.
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
  /// A formal requirement of RFC 5280 that many CAs in use do not meet, without any risk.
  case tolerableForm
  case other

  init(_ code: Int32) { self = Self.known[code] ?? .other }

  /// Returns what to add to OpenSSL's text for an objection that no rule names; empty if that is clear.
  static func explanation(_ code: Int32) -> String {
    switch code {
    case X509_V_ERR_NO_EXPLICIT_POLICY:
      " (a CA of the chain has policy constraints: all certificates below it need one of its certificate policies)"
    case X509_V_ERR_INVALID_POLICY_EXTENSION: " (its certificate policies)"
    default: ""
    }
  }

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
    X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER: .tolerableForm,
    X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER: .tolerableForm,
    X509_V_ERR_CA_BCONS_NOT_CRITICAL: .tolerableForm,
    X509_V_ERR_CA_CERT_MISSING_KEY_USAGE: .tolerableForm,
  ]
}
