import COpenSSL

/// The common names of key types.
enum KeyDescription {
  static func text(_ key: OpaquePointer) -> String {
    let bits = EVP_PKEY_get_bits(key)
    switch EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA: return "RSA \(bits)"
    case EVP_PKEY_RSA_PSS: return "RSA-PSS \(bits)"
    case EVP_PKEY_ED25519: return "Ed25519"
    case EVP_PKEY_ED448: return "Ed448"
    case EVP_PKEY_DSA: return "DSA \(bits)"
    case EVP_PKEY_EC: return curve(key) ?? "EC \(bits)"
    default: return EVP_PKEY_get0_type_name(key).map { "\(String(cString: $0)) \(bits)" } ?? "unknown key"
    }
  }

  private static func curve(_ key: OpaquePointer) -> String? {
    var name = [CChar](repeating: 0, count: 80)
    var count = 0
    guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else {
      ERR_clear_error()
      return nil
    }
    let group = String(decoding: name[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let identifier = OBJ_sn2nid(group)
    return EC_curve_nid2nist(identifier).map { String(cString: $0) } ?? group
  }
}
