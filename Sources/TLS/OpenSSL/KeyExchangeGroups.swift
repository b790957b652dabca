import COpenSSL

/// The groups for key exchange, in order of preference.
///
/// The first is a hybrid with ML-KEM if libcrypto has it (3.5), against an attacker who records today and has a quantum computer one day.
enum KeyExchangeGroups {
  private static let lists = [
    "X25519MLKEM768:X25519:P-256:P-384:P-521", "X25519:P-256:P-384:P-521",
    // A FIPS provider has no X25519.
    "P-256:P-384:P-521",
  ]

  /// Sets the first list that this libssl supports completely.
  static func choose(for context: OpaquePointer) throws(OpenSSLError) {
    for list in lists.dropLast() {
      if cssl_SSL_CTX_set1_groups_list(context, list) == 1 { return }
      // Else the next error of any kind would name the group as well.
      ERR_clear_error()
    }
    try checked("set groups", cssl_SSL_CTX_set1_groups_list(context, lists[lists.count - 1]))
  }
}
