import COpenSSL

/// A signature scheme of TLS handshakes that agentd uses, with its registered number (RFC 8446 section 4.2.3).
///
/// In TLS 1.2 the elliptic curve schemes do not name a curve; the key's curve applies.
public enum SignatureScheme: UInt16, CaseIterable, Sendable {
  case rsaPKCS1SHA256 = 0x0401
  case rsaPKCS1SHA384 = 0x0501
  case rsaPKCS1SHA512 = 0x0601
  case ecdsaSHA256 = 0x0403
  case ecdsaSHA384 = 0x0503
  case ecdsaSHA512 = 0x0603
  case rsaPSSSHA256 = 0x0804
  case rsaPSSSHA384 = 0x0805
  case rsaPSSSHA512 = 0x0806
  case ed25519 = 0x0807

  /// The type of signature in a scheme.
  public enum Algorithm: Sendable {
    case rsaPKCS1, rsaPSS, ecdsa, ed25519

    /// Returns whether a key of this EVP_PKEY's type can make such a signature.
    func fits(_ key: OpaquePointer) -> Bool {
      switch self {
      case .rsaPKCS1: EVP_PKEY_is_a(key, "RSA") == 1
      case .rsaPSS: EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1
      case .ecdsa: EVP_PKEY_is_a(key, "EC") == 1
      case .ed25519: EVP_PKEY_is_a(key, "ED25519") == 1
      }
    }
  }

  /// The type of signature.
  public var algorithm: Algorithm {
    switch self {
    case .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512: .rsaPKCS1
    case .rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA512: .rsaPSS
    case .ecdsaSHA256, .ecdsaSHA384, .ecdsaSHA512: .ecdsa
    case .ed25519: .ed25519
    }
  }

  /// The digest's name in OpenSSL; `nil` if the algorithm has a built-in one.
  public var digest: String? {
    switch self {
    case .rsaPKCS1SHA256, .rsaPSSSHA256, .ecdsaSHA256: "SHA256"
    case .rsaPKCS1SHA384, .rsaPSSSHA384, .ecdsaSHA384: "SHA384"
    case .rsaPKCS1SHA512, .rsaPSSSHA512, .ecdsaSHA512: "SHA512"
    case .ed25519: nil
    }
  }

  /// Returns the scheme of an algorithm with a digest, whose name may be in OpenSSL's forms (`SHA2-256`, `sha256`).
  public init?(_ algorithm: Algorithm, digest: String?) {
    // libssl uses these forms in every handshake.
    let plain = digest.map { name in
      let name = name.uppercased()
      return name.hasPrefix("SHA2-") ? "SHA" + name.dropFirst(5) : name
    }
    guard let scheme = Self.allCases.first(where: { $0.algorithm == algorithm && $0.digest == plain }) else {
      return nil
    }
    self = scheme
  }
}

/// Sets up RSA signatures as in RFC 8446 section 4.2.3: PSS, with a salt as long as the digest.
func usePSS(_ context: OpaquePointer) throws(OpenSSLError) {
  try checked("use RSA-PSS", EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING))
  try checked("use RSA-PSS", EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST))
}

extension Certificate {
  /// Whether the key can authenticate its owner in our handshakes: a signature scheme fits it and, for elliptic curves, one of our groups.
  ///
  /// The schemes of TLS 1.3 name the curve, and TLS 1.2 requires a group that both sides support (RFC 8422 section 5.4).
  public var hasHandshakeKey: Bool {
    if let key = X509_get0_pubkey(pointer), EVP_PKEY_is_a(key, "EC") == 1 {
      return ["P-256", "P-384", "P-521"].contains(KeyDescription.text(key)) && !hasExplicitCurve
    }
    return SignatureScheme.allCases.contains(where: canSign)
  }

  /// Whether the key spells out its curve's parameters in place of the curve's name, which RFC 5480 forbids.
  public var hasExplicitCurve: Bool {
    var isExplicit: Int32 = 0
    guard let key = X509_get0_pubkey(pointer),
      EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &isExplicit) == 1
    else {
      ERR_clear_error()
      return false
    }
    return isExplicit != 0
  }

  /// Returns whether this certificate's key can make signatures of this scheme.
  public func canSign(_ scheme: SignatureScheme) -> Bool {
    guard let key = X509_get0_pubkey(pointer) else { return false }
    return scheme.algorithm.fits(key)
  }

  /// Returns whether `signature` over `message` was made with this certificate's key.
  public func isSignature(_ signature: [UInt8], of message: [UInt8], _ scheme: SignatureScheme) -> Bool {
    guard let key = X509_get0_pubkey(pointer), let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    var keyContext: OpaquePointer?
    guard EVP_DigestVerifyInit_ex(context, &keyContext, scheme.digest, nil, nil, key, nil) == 1 else { return false }
    if scheme.algorithm == .rsaPSS { guard let keyContext, (try? usePSS(keyContext)) != nil else { return false } }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}
