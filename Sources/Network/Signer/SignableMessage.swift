import OpenSSL

/// What the key may sign: a TLS server's part of a handshake and nothing else, so that a listener in wrong hands cannot
/// have certificates or other statements signed with it.
enum SignableMessage {
  /// RFC 8446 section 4.4.3: 64 spaces, this, a zero byte, and the transcript's hash.
  private static let prefix =
    [UInt8](repeating: 0x20, count: 64) + Array("TLS 1.3, server CertificateVerify".utf8) + [0]
  /// Both sides' randoms; RFC 5246 section 7.4.1.2.
  private static let randoms = 64
  /// ECCurveType `named_curve`; RFC 8422 section 5.4.
  private static let namedCurve: UInt8 = 3

  /// Whether `message` is one that a server signs in TLS 1.3 or, with an ephemeral elliptic curve key, in TLS 1.2.
  static func isPartOfHandshake(_ message: UnsafeRawBufferPointer) -> Bool {
    isCertificateVerify(message) || isServerKeyExchange(message)
  }

  private static func isCertificateVerify(_ message: UnsafeRawBufferPointer) -> Bool {
    guard message.starts(with: prefix) else { return false }
    // SHA-256 or SHA-384, the hashes of TLS 1.3's cipher suites.
    return [32, 48].contains(message.count - prefix.count)
  }

  private static func isServerKeyExchange(_ message: UnsafeRawBufferPointer) -> Bool {
    // curve type, curve (2 bytes), length of the point, the point.
    guard message.count > randoms + 4, message[randoms] == namedCurve else { return false }
    let length = Int(message[randoms + 3])
    return (32...133).contains(length) && message.count == randoms + 4 + length
  }
}
