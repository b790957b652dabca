// Goal: a record that is too short is treated as a forged record (RFC 8446 section 5.2, RFC 5246 section 6.2.3.3), whatever the cipher; and
// the next client is served.
import COpenSSL
import NIOCore
import NIOEmbedded
import Testing

@Suite struct RecordsOfOddLengths {
  static let ciphers = [
    (TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"), (TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"),
    (TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"), (TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    (TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"), (TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"),
  ]

  @Test(arguments: ciphers, [1, 15, 16, 17, 23, 24, 40])
  func areAnsweredWithBadRecordMAC(_ cipher: (version: Int32, name: String), _ length: Int) throws {
    let gate = try EmbeddedGate(version: cipher.version, cipher: cipher.name)
    try gate.shakeHands()
    gate.client.write("hello")
    try gate.exchange()
    let record = [0x17, 3, 3, 0, UInt8(length)] + [UInt8](repeating: 0x61, count: length)
    // In pieces, as they may arrive from a network.
    for piece in [record[..<3], record[3..<5], record[5...]] {
      _ = try? gate.channel.writeInbound(ByteBuffer(bytes: piece))
    }
    gate.client.give(try gate.takeOutput())
    ERR_clear_error()
    _ = gate.client.read()
    let error = gate.client.lastError
    #expect(error.contains("bad record mac"), "\(cipher.name), \(length) bytes: \(error)")
    #expect(String(buffer: gate.inside.plaintext) == "hello")
  }

  @Test(arguments: ciphers) func theShortestThatAreOnesArrive(_ cipher: (version: Int32, name: String)) throws {
    let gate = try EmbeddedGate(version: cipher.version, cipher: cipher.name)
    try gate.shakeHands()
    gate.client.write("a")
    gate.client.write("b")
    try gate.exchange(piece: 1)
    gate.client.close()
    try gate.exchange(piece: 1)
    #expect(String(buffer: gate.inside.plaintext) == "ab")
    #expect(!gate.channel.isActive, "close_notify, the shortest of all, was read")
  }
}
