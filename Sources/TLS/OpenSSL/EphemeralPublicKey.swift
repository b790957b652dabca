import COpenSSL

/// The public key that a TLS 1.2 server sends for an ephemeral elliptic curve key exchange; RFC 8422 section 5.4.
public enum EphemeralPublicKey {
  /// An EC_GROUP, which nothing changes after its creation.
  private struct Curve: @unchecked Sendable {
    let group: OpaquePointer?
    let length: Int

    init(_ nid: Int32, length: Int) {
      (group, self.length) = (EC_GROUP_new_by_curve_name(nid), length)
    }
  }

  private static let x25519: UInt16 = 29
  private static let x25519Length = 32
  /// By number in IANA's registry of TLS supported groups, with the length of an uncompressed point.
  private static let curves: [UInt16: Curve] = [
    23: Curve(NID_X9_62_prime256v1, length: 65), 24: Curve(NID_secp384r1, length: 97),
    25: Curve(NID_secp521r1, length: 133),
  ]

  /// Returns whether `bytes` is a public key of `group`, one of those that the listener offers: for X25519 any 32 bytes, for P-256, P-384
  /// and P-521 an uncompressed point of the curve.
  public static func isValid(_ bytes: UnsafeRawBufferPointer, group: UInt16) -> Bool {
    if group == x25519 { return bytes.count == x25519Length }
    guard let curve = curves[group], bytes.count == curve.length,
      bytes.first == UInt8(POINT_CONVERSION_UNCOMPRESSED.rawValue),
      let point = EC_POINT_new(curve.group)
    else { return false }
    defer {
      EC_POINT_free(point)
      ERR_clear_error()
    }
    return EC_POINT_oct2point(curve.group, point, bytes.baseAddress, bytes.count, nil) == 1
  }
}
