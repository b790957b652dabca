/// The first bytes of a connection, which distinguish other protocols from TLS.
struct Opening {
  private var bytes: UInt64 = 0
  private var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ input: UnsafeRawBufferPointer) {
    if count == 8 { return }
    for byte in input.prefix(8 - count) {
      bytes = bytes << 8 | UInt64(byte)
      count += 1
    }
  }

  private var text: [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: bytes >> (8 * (count - 1 - $0))) } }

  /// The failure for a protocol other than TLS; `nil` for TLS, and without any bytes.
  var foreignProtocol: HandshakeFailure? {
    let text = text
    guard let first = text.first, first != 0x16 else { return nil }  // 0x16: a handshake record
    if Self.methods.contains(where: { text.starts(with: $0.utf8.prefix(text.count)) }) { return .plainHTTP }
    if text.starts(with: "SSH-".utf8) { return .notTLS("SSH") }
    // A load balancer sends this before the client's bytes, or in its own health check.
    if text.starts(with: "PROXY ".utf8) || text.starts(with: Self.proxyProtocol2.prefix(text.count)) {
      return .notTLS("PROXY protocol")
    }
    if first & 0x80 != 0, count > 2, text[2] == 1 { return .noCommonVersion }  // SSL 2 hello
    return .notTLS("unknown protocol, first bytes \(Hexadecimal.text(text))")
  }

  private static let proxyProtocol2: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51]

  private static let methods = [
    "GET ", "PUT ", "POST ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "PRI * ",
  ]
}
