import COpenSSL
import Glibc

extension Certificate {
  /// The subject name as in RFC 4514; may be empty.
  public var subject: String { DistinguishedName.text(X509_get_subject_name(pointer)) }

  /// The subject name in DER.
  var encodedSubject: [UInt8] {
    let name = X509_get_subject_name(pointer)
    let count = Int(i2d_X509_NAME(name, nil))
    return [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, filled in
      var cursor = buffer.baseAddress
      filled = count > 0 ? Int(i2d_X509_NAME(name, &cursor)) : 0
    }
  }

  /// The issuer name as in RFC 4514.
  public var issuer: String { DistinguishedName.text(X509_get_issuer_name(pointer)) }

  /// The last, most specific common name of the subject, verbatim (control characters not escaped).
  public var commonName: String? { commonNames.last }

  /// All common names of the subject, in the order of the encoding.
  public var commonNames: [String] { DistinguishedName.commonNames(X509_get_subject_name(pointer)) }

  /// The serial number as lower-case hex digits.
  public var serialNumber: String { X509_get0_serialNumber(pointer).map { ASN1Text.hexadecimal($0) } ?? "" }

  /// The first second of validity, since the epoch. A malformed time counts as never valid.
  public var notBefore: Int64 { ASN1Text.seconds(X509_get0_notBefore(pointer)) ?? .max }

  /// The last second of validity, since the epoch. A malformed time counts as never valid.
  public var notAfter: Int64 { ASN1Text.seconds(X509_get0_notAfter(pointer)) ?? .min }

  /// The X.509 version: 1, 2 or 3.
  public var version: Int { Int(X509_get_version(pointer)) + 1 }

  /// Whether issuer and subject are the same name.
  public var isSelfIssued: Bool { extensionFlags & UInt32(EXFLAG_SI) != 0 }

  /// Whether it is self-issued and signed with its own key (the signature is checked).
  public var isSelfSigned: Bool {
    defer { ERR_clear_error() }
    return X509_self_signed(pointer, 1) == 1
  }

  /// Whether it claims to be a CA's: basic constraints with `CA:TRUE` in a version 3 certificate.
  public var isCA: Bool {
    extensionFlags & UInt32(EXFLAG_CA) != 0 && extensionFlags & UInt32(EXFLAG_INVALID) == 0
  }

  /// Whether the extensions that OpenSSL knows are readable, unique and consistent.
  public var isWellFormed: Bool { extensionFlags & UInt32(EXFLAG_INVALID) == 0 }

  /// The purposes in the extended key usage; `nil` if the extension is absent, which means any.
  public var extendedKeyUsage: ExtendedKeyUsage? {
    guard extensionFlags & UInt32(EXFLAG_XKUSAGE) != 0 else { return nil }
    return ExtendedKeyUsage(rawValue: X509_get_extended_key_usage(pointer))
  }

  /// Whether the key may sign: there is no key usage extension, or it includes digitalSignature (RFC 5280 section 4.2.1.3).
  public var allowsDigitalSignature: Bool {
    X509_get_key_usage(pointer) & UInt32(X509v3_KU_DIGITAL_SIGNATURE) != 0
  }

  /// Whether the key may sign revocation lists: there is no key usage extension, or it includes cRLSign.
  public var allowsSigningRevocationLists: Bool {
    X509_get_key_usage(pointer) & UInt32(X509v3_KU_CRL_SIGN) != 0
  }

  /// Whether it has a Netscape certificate type, which old tools set in place of an extended key usage.
  public var hasNetscapeType: Bool { X509_get_ext_by_NID(pointer, NID_netscape_cert_type, -1) >= 0 }

  /// Whether it has the extension "must staple" (RFC 7633): clients that know it require a status of the CA in the handshake.
  public var requiresStapledStatus: Bool { X509_get_ext_by_NID(pointer, NID_tlsfeature, -1) >= 0 }

  /// The type and size of the public key, for example `RSA 2048`, `P-256` or `Ed25519`.
  public var keyDescription: String {
    X509_get0_pubkey(pointer).map { KeyDescription.text($0) } ?? "unreadable key"
  }

  /// The public key; `nil` if it is unreadable.
  public var publicKey: PublicKey? {
    defer { ERR_clear_error() }
    return X509_get_pubkey(pointer).map { PublicKey(owning: $0) }
  }

  /// Returns whether `key` is the private key of this certificate.
  public func matches(_ key: PrivateKey) -> Bool {
    defer { ERR_clear_error() }
    guard let publicKey = X509_get0_pubkey(pointer) else { return false }
    return EVP_PKEY_eq(publicKey, key.pointer) == 1
  }

  /// Returns whether `issuer` issued this certificate: names and key identifiers match, and the signature is valid.
  public func isIssued(by issuer: Certificate) -> Bool {
    defer { ERR_clear_error() }
    guard X509_check_issued(issuer.pointer, pointer) == X509_V_OK,
      let key = X509_get0_pubkey(issuer.pointer)
    else { return false }
    return X509_verify(pointer, key) == 1
  }

  /// Returns whether both have the same subject.
  public func hasSubject(of other: Certificate) -> Bool {
    X509_NAME_cmp(X509_get_subject_name(pointer), X509_get_subject_name(other.pointer)) == 0
  }

  /// Returns whether the issuer name is the subject of `other`.
  public func hasIssuerName(of other: Certificate) -> Bool {
    X509_NAME_cmp(X509_get_issuer_name(pointer), X509_get_subject_name(other.pointer)) == 0
  }

  /// Returns whether this is a different certificate with the same subject and the same key.
  public func isRenewal(of other: Certificate) -> Bool {
    defer { ERR_clear_error() }
    guard self != other, hasSubject(of: other),
      let key = X509_get0_pubkey(pointer), let otherKey = X509_get0_pubkey(other.pointer)
    else { return false }
    return EVP_PKEY_eq(key, otherKey) == 1
  }

  private var extensionFlags: UInt32 { X509_get_extension_flags(pointer) }
}

/// The purposes in an extended key usage extension (RFC 5280 section 4.2.1.12).
public struct ExtendedKeyUsage: OptionSet, Sendable {
  /// The XKU bits of OpenSSL.
  public let rawValue: UInt32

  /// Creates the set from OpenSSL's XKU bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// id-kp-serverAuth.
  public static let serverAuthentication = ExtendedKeyUsage(rawValue: UInt32(XKU_SSL_SERVER))
  /// id-kp-clientAuth.
  public static let clientAuthentication = ExtendedKeyUsage(rawValue: UInt32(XKU_SSL_CLIENT))
  /// anyExtendedKeyUsage.
  public static let any = ExtendedKeyUsage(rawValue: UInt32(XKU_ANYEKU))
}
