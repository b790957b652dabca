// Goal: early data that a client sends for a session from another server is skipped, and the handshake continues (RFC 8446 section 4.2.10);
// more of it than the limit ends the connection.
import COpenSSL
import NIOCore
import NIOEmbedded
import Testing

@Suite struct EarlyDataIsSkipped {
  @Test(arguments: [1, 1000, 12000]) func withinTheLimit(_ length: Int) throws {
    let gate = try EmbeddedGate()
    let session = try Self.session(gate)
    defer { SSL_SESSION_free(session) }
    #expect(gate.client.offer(session))
    #expect(gate.client.writeEarly([UInt8](repeating: 0x61, count: length)), "\(gate.client.lastError)")
    try gate.shakeHands()
    #expect(gate.client.earlyDataStatus == SSL_EARLY_DATA_REJECTED)
    gate.client.write("hello")
    try gate.exchange()
    #expect(String(buffer: gate.inside.plaintext) == "hello", "nothing of the early data, all of the rest")
  }

  @Test func beyondTheLimit() throws {
    let gate = try EmbeddedGate()
    let session = try Self.session(gate)
    defer { SSL_SESSION_free(session) }
    #expect(gate.client.offer(session))
    for _ in 0..<4 { #expect(gate.client.writeEarly([UInt8](repeating: 0x61, count: 8000))) }
    _ = gate.client.handshake()
    try? gate.exchange()
    #expect(gate.inside.plaintext.readableBytes == 0 && gate.inside.log.contains("error"))
    // The next client is admitted.
    try EmbeddedGate().shakeHands()
  }

  /// A session of a server that accepts early data.
  private static func session(_ gate: EmbeddedGate) throws -> OpaquePointer {
    let material = try GateMaterial()
    let client = try MemoryClient(material.client, root: material.root)
    let server = try #require(SSL_CTX_new(TLS_server_method()))
    defer { SSL_CTX_free(server) }
    SSL_CTX_use_certificate_chain_file(server, material.server.chainPath)
    SSL_CTX_use_PrivateKey_file(server, material.server.keyPath, SSL_FILETYPE_PEM)
    SSL_CTX_set_max_early_data(server, 1 << 20)
    let connection = try #require(SSL_new(server))
    defer { SSL_free(connection) }
    let (input, output) = (BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
    SSL_set_bio(connection, input, output)
    SSL_set_accept_state(connection)
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    for _ in 0..<4 {
      _ = client.handshake()
      let sent = client.takeOutput()
      BIO_write(input, sent, Int32(sent.count))
      SSL_do_handshake(connection)
      let count = BIO_read(output, &bytes, Int32(bytes.count))
      if count > 0 { client.give(Array(bytes[..<Int(count)])) }
    }
    _ = client.read()
    let session = try #require(client.session, "no ticket for early data")
    // A connection that ends without close_notify makes its session unusable.
    client.close()
    return session
  }
}
