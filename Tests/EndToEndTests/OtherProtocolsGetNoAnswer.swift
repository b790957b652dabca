// Goal: a peer that speaks anything but TLS with a certificate gets no byte of HTTP, is logged, and does not affect others.
import TestSupport
import Testing

@Suite struct OtherProtocolsGetNoAnswer {
  @Test(arguments: [
    ("HTTP", #"b"GET /v1/agent HTTP/1.1\r\nHost: localhost\r\n\r\n""#),
    ("HTTP/2", #"b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n""#),
    ("SSH", #"b"SSH-2.0-OpenSSH_9.2p1\r\n""#),
    ("zeros", #"bytes(4096)"#),
    ("noise", #"bytes(range(255, -1, -1)) * 64"#),
    ("a TLS record of the largest size, cut off", #"bytes([22, 3, 1, 255, 255]) + bytes(100)"#),
    ("a TLS alert", #"bytes([21, 3, 3, 0, 2, 2, 40])"#),
  ]) func bytes(name: String, python: String) async throws {
    let agent = try await Installation.running()
    let logged = agent.log.utf8.count
    let client = try await TestProcess([
      "python3", "-c",
      """
      import socket, sys
      peer = socket.create_connection(("127.0.0.1", \(agent.port)), timeout=20)
      peer.sendall(\(python))
      peer.shutdown(socket.SHUT_WR)
      answer = b""
      try:
        while chunk := peer.recv(65536): answer += chunk
      except ConnectionResetError: pass
      sys.stdout.buffer.write(answer)
      """,
    ]).end()
    #expect(client.end == .exited(0), "\(client.errorText)")
    #expect(!client.outputText.contains("HTTP"))
    // At most a TLS alert: a record of seven bytes (RFC 8446 section 6).
    #expect(client.output.isEmpty || (client.output.count == 7 && client.output[0] == 21), "\(client.output)")
    try await agent.logLine(with: "refused", "127.0.0.1", after: logged)
    #expect(try await agent.request("GET", "agent").status == 200)
  }
}
