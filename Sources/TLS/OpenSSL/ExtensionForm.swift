import COpenSSL

/// Checks of extensions that OpenSSL omits.
///
/// OpenSSL reads only as much of an extension as it understands, and other software may understand more.
enum ExtensionForm {
  /// Returns the name of an extension among `deciding` whose value is not exactly one DER element; `nil` for any other.
  static func faultyName(_ found: OpaquePointer?, deciding: [Int32]) -> String? {
    guard let found, let value = X509_EXTENSION_get_data(found) else { return nil }
    let kind = OBJ_obj2nid(X509_EXTENSION_get_object(found))
    guard deciding.contains(kind), !isOneElement(ASN1Text.bytes(value)) else { return nil }
    return OBJ_nid2sn(kind).map { String(cString: $0) } ?? "\(kind)"
  }

  /// Returns whether the bytes are exactly one element with a definite length (X.690 section 10.1).
  static func isOneElement(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 2, bytes[0] & 0x1f != 0x1f else { return false }
    if bytes[1] < 0x80 { return bytes.count == 2 + Int(bytes[1]) }
    let digits = Int(bytes[1] & 0x7f)
    guard (1...4).contains(digits), bytes.count >= 2 + digits else { return false }
    return bytes.count == 2 + digits + bytes[2..<(2 + digits)].reduce(0) { $0 << 8 | Int($1) }
  }
}

extension Certificate {
  /// The first violation of RFC 5280's form that OpenSSL does not detect; `nil` if there is none.
  package var formFault: String? {
    if let name = trailingExtension { return "bytes follow the end of its extension \(name)" }
    if version != 3, X509_get_ext_count(pointer) > 0 { return "it has extensions, and is of version \(version), not 3" }
    return constraintsFault
  }

  /// Whether basic constraints and key usage disagree on whether it may sign certificates (RFC 5280 section 4.2.1.9).
  ///
  /// An absent key usage agrees with both.
  package var contradictsItselfAsCA: Bool {
    guard X509_get_ext_by_NID(pointer, NID.keyUsage, -1) >= 0 else { return false }
    return isCA != (X509_get_key_usage(pointer) & UInt32(X509v3_KU_KEY_CERT_SIGN) != 0)
  }

  private var trailingExtension: String? {
    for index in 0..<X509_get_ext_count(pointer) {
      let found = X509_get_ext(pointer, index)
      if let name = ExtensionForm.faultyName(found, deciding: Self.decidingExtensions) { return name }
    }
    return nil
  }

  private static let decidingExtensions = [
    NID.basicConstraints, NID.keyUsage, NID.extendedKeyUsage, NID.subjectKeyIdentifier, NID.authorityKeyIdentifier,
    NID_subject_alt_name, NID_name_constraints, NID_certificate_policies, NID_policy_mappings, NID_policy_constraints,
    NID_inhibit_any_policy, NID_crl_distribution_points, NID_freshest_crl, NID_netscape_cert_type, NID_proxyCertInfo,
    NID_tlsfeature,
  ]

  /// RFC 5280 section 4.2.1.10.
  private var constraintsFault: String? {
    if X509_get_ext_by_NID(pointer, NID_name_constraints, -1) < 0 { return nil }
    if !isCA { return "it has name constraints, and is not a CA's" }
    guard let constraints = CertificateNameConstraints(of: self) else { return "its name constraints cannot be read" }
    return constraints.isEmpty ? "its name constraints are empty" : nil
  }
}
