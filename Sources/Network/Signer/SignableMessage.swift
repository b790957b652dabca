import OpenSSL

/// What the key may sign: a TLS server's part of a handshake and nothing else.
///
/// A compromised listener cannot use the key to sign certificates or other statements. In TLS 1.2 it chooses the 64 bytes of the randoms, and
/// the signer cannot know them; but what follows them must be a public key of a group that the listener offers.
enum SignableMessage {
  /// RFC 8446 section 4.4.3: 64 spaces, this string, a zero byte, then the transcript hash.
  private static let prefix =
    [UInt8](repeating: 0x20, count: 64) + Array("TLS 1.3, server CertificateVerify".utf8) + [0]
  /// The length of both sides' randoms; RFC 5246 section 7.4.1.2.
  private static let randoms = 64
  /// ECCurveType `named_curve`; RFC 8422 section 5.4.
  private static let namedCurve: UInt8 = 3

  /// Returns whether `message` is one that a server signs in TLS 1.3 or, with an ephemeral elliptic curve key, in TLS 1.2.
  static func isPartOfHandshake(_ message: UnsafeRawBufferPointer) -> Bool {
    isCertificateVerify(message) || isServerKeyExchange(message)
  }

  private static func isCertificateVerify(_ message: UnsafeRawBufferPointer) -> Bool {
    guard message.starts(with: prefix) else { return false }
    // SHA-256 or SHA-384, the hashes of the TLS 1.3 cipher suites.
    return [32, 48].contains(message.count - prefix.count)
  }

  private static func isServerKeyExchange(_ message: UnsafeRawBufferPointer) -> Bool {
    // Curve type, curve (2 bytes), length of the point, the point.
    guard message.count > randoms + 4, message[randoms] == namedCurve else { return false }
    let group = UInt16(message[randoms + 1]) << 8 | UInt16(message[randoms + 2])
    let point = UnsafeRawBufferPointer(rebasing: message[(randoms + 4)...])
    return point.count == Int(message[randoms + 3]) && EphemeralPublicKey.isValid(point, group: group)
  }
}
