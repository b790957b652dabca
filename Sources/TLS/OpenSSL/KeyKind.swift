import COpenSSL

/// The types of keys that can be generated, each with a strength of at least 112 bits.
public enum KeyKind: String, CaseIterable, Sendable {
  case p256 = "P-256"
  case p384 = "P-384"
  case p521 = "P-521"
  case rsa2048 = "RSA-2048"
  case rsa3072 = "RSA-3072"
  case rsa4096 = "RSA-4096"
  case ed25519 = "Ed25519"
}

extension PrivateKey {
  /// Generates a key pair.
  public static func generate(_ kind: KeyKind) throws(OpenSSLError) -> PrivateKey {
    let operation = "make a \(kind.rawValue) key"
    ERR_clear_error()
    let context = try checked(operation, EVP_PKEY_CTX_new_from_name(nil, kind.algorithm, nil))
    defer { EVP_PKEY_CTX_free(context) }
    try checked(operation, EVP_PKEY_keygen_init(context))
    if let bits = kind.bits { try checked(operation, EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits)) }
    if let curve = kind.curve { try checked(operation, EVP_PKEY_CTX_set_group_name(context, curve)) }
    var pointer: OpaquePointer?
    try checked(operation, EVP_PKEY_generate(context, &pointer))
    return PrivateKey(owning: try checked(operation, pointer))
  }
}

extension KeyKind {
  fileprivate var algorithm: String {
    switch self {
    case .p256, .p384, .p521: "EC"
    case .rsa2048, .rsa3072, .rsa4096: "RSA"
    case .ed25519: "ED25519"
    }
  }

  fileprivate var curve: String? { algorithm == "EC" ? rawValue : nil }

  fileprivate var bits: Int32? {
    switch self {
    case .rsa2048: 2048
    case .rsa3072: 3072
    case .rsa4096: 4096
    default: nil
    }
  }
}
