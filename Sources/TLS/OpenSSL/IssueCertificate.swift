import COpenSSL

/// The NIDs of the extensions that are written here.
enum NID {
  static let basicConstraints = NID_basic_constraints
  static let keyUsage = NID_key_usage
  static let extendedKeyUsage = NID_ext_key_usage
  static let subjectKeyIdentifier = NID_subject_key_identifier
  static let authorityKeyIdentifier = NID_authority_key_identifier
  static let distributionPoints = NID_crl_distribution_points
}

extension Certificate {
  /// An issuer: its certificate and private key.
  public typealias Issuer = (certificate: Certificate, key: PrivateKey)

  /// Issues a certificate with a random serial number of 127 bits.
  ///
  /// - Parameters:
  ///   - key: the subject's key.
  ///   - issuer: the CA that signs.
  public static func issue(
    _ template: CertificateTemplate, for key: PublicKey, by issuer: Issuer
  ) throws(OpenSSLError) -> Certificate {
    try make(template, key, issuerName: X509_get_subject_name(issuer.certificate.pointer)) {
      draft throws(OpenSSLError) in
      try draft.add(NID.authorityKeyIdentifier, "keyid:always", issuer: issuer.certificate.pointer)
      return issuer.key
    }
  }

  /// Issues a certificate signed with its own key: a root.
  public static func issueSelfSigned(
    _ template: CertificateTemplate, with key: PrivateKey
  ) throws(OpenSSLError) -> Certificate {
    try make(template, PublicKey(of: key), issuerName: nil) { _ throws(OpenSSLError) in key }
  }

  private static func make(
    _ template: CertificateTemplate, _ key: PublicKey, issuerName: OpaquePointer?,
    signer: (borrowing CertificateDraft) throws(OpenSSLError) -> PrivateKey
  ) throws(OpenSSLError) -> Certificate {
    ERR_clear_error()
    let draft = try CertificateDraft()
    try draft.enter(template, key, issuerName: issuerName)
    let signingKey = try signer(draft)
    return try draft.signed(with: signingKey)
  }
}

/// An X509 under construction.
struct CertificateDraft: ~Copyable {
  private let pointer: OpaquePointer
  private static let operation = "issue certificate"

  init() throws(OpenSSLError) {
    pointer = try checked(Self.operation, X509_new())
  }

  deinit { X509_free(pointer) }

  func enter(
    _ template: CertificateTemplate, _ key: PublicKey, issuerName: OpaquePointer?
  ) throws(OpenSSLError) {
    try checked(Self.operation, X509_set_version(pointer, Int(X509_VERSION_3)))
    try enterSerialNumber()
    try DistinguishedName.add(
      commonName: template.commonName, to: X509_get_subject_name(pointer), Self.operation)
    try checked(Self.operation, X509_set_issuer_name(pointer, issuerName ?? X509_get_subject_name(pointer)))
    try ASN1Time.with(template.notBefore) { time throws(OpenSSLError) in
      try checked(Self.operation, X509_set1_notBefore(pointer, time))
    }
    try ASN1Time.with(template.notAfter) { time throws(OpenSSLError) in
      try checked(Self.operation, X509_set1_notAfter(pointer, time))
    }
    try checked(Self.operation, X509_set_pubkey(pointer, key.pointer))
    for (name, value) in template.fixedExtensions { try add(name, value, issuer: pointer) }
    try add(NID.subjectKeyIdentifier, "hash", issuer: pointer)
    if !template.alternativeNames.isEmpty { try add(template.alternativeNames) }
    if let url = template.revocationListURL { try add(NID.distributionPoints, "URI:\(url)", issuer: pointer) }
  }

  /// RFC 5280 section 4.1.2.2: positive, at most 20 bytes; the CA/Browser Forum requires 64 unpredictable bits.
  private func enterSerialNumber() throws(OpenSSLError) {
    var bytes = [UInt8](repeating: 0, count: 16)
    try checked(Self.operation, RAND_bytes(&bytes, Int32(bytes.count)))
    bytes[0] = bytes[0] & 0x7f | 0x40
    try SerialNumber.with(bytes) { number throws(OpenSSLError) in
      try checked(Self.operation, X509_set_serialNumber(pointer, number))
    }
  }

  func add(_ name: Int32, _ value: String, issuer: OpaquePointer) throws(OpenSSLError) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer, pointer, nil, nil, 0)
    let made = try checked(Self.operation, X509V3_EXT_conf_nid(nil, &context, name, value))
    defer { X509_EXTENSION_free(made) }
    try checked(Self.operation, X509_add_ext(pointer, made, -1))
  }

  private func add(_ names: [AlternativeName]) throws(OpenSSLError) {
    let list = try GeneralNames()
    for name in names { try list.add(name) }
    try checked(Self.operation, X509_add1_ext_i2d(pointer, NID_subject_alt_name, list.raw, 0, 0))
  }

  func signed(with key: PrivateKey) throws(OpenSSLError) -> Certificate {
    try checked(Self.operation, X509_sign(pointer, key.pointer, key.signatureDigest))
    return Certificate(sharing: pointer)
  }
}

extension PrivateKey {
  /// The digest to sign with, as strong as the key; null for keys with a built-in digest (Ed25519).
  var signatureDigest: OpaquePointer? {
    var name = [CChar](repeating: 0, count: 80)
    // 2: the key requires this digest; the name is UNDEF if it uses none.
    if EVP_PKEY_get_default_digest_name(pointer, &name, name.count) == 2 { return nil }
    return switch EVP_PKEY_get_security_bits(pointer) {
    case 256...: EVP_sha512()
    case 192..<256: EVP_sha384()
    default: EVP_sha256()
    }
  }
}
