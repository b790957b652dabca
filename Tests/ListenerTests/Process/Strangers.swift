import AgentProtocol
import TestCertificates
import TestSupport
import Testing

@testable import Listener

/// A client that does not authenticate gets no byte of HTTP, and the log says why.
struct Strangers {
  private func refusal(_ listener: RunningListener) async throws -> String {
    try await wait(for: "a line in the log") { listener.log.lines.first { $0.contains("connection refused") } }
  }

  @Test(arguments: ["-tls1_2", "-tls1_3"]) func withoutACertificate(_ version: String) async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let root = try RunningListener.certificates().root
    let client = try TestProcess(
      [
        "openssl", "s_client", "-connect", "127.0.0.1:\(listener.port)", "-CAfile", root.certificatePath, version,
        "-quiet",
      ],
      input: Array(Connection.agent.utf8))
    let result = try await client.end()
    #expect(!result.outputText.contains("HTTP/"))
    #expect(result.errorText.contains("alert"), "\(result.errorText)")
    let line = try await refusal(listener)
    #expect(line.hasPrefix("info connection refused peer=127.0.0.1:"), "\(line)")
    #expect(line.contains("no certificate") || line.contains("no client certificate"), "\(line)")
    #expect(listener.supervisor.requests.isEmpty)
  }

  @Test func withACertificateOfAnotherRoot() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let root = try RunningListener.certificates().root
    let other = try PKI.shared.root("Somebody Else")
    let stranger = try PKI.shared.client("connector", by: other)
    let result = try await run(
      "curl", "-sS", "--noproxy", "*", "--cacert", root.certificatePath, "--cert", stranger.chainPath, "--key",
      stranger.keyPath, "\(listener.url)/v1/agent")
    #expect(result.end != .exited(0))
    #expect(result.outputText == "")
    #expect(try await refusal(listener).contains("CN=connector"))
    #expect(listener.supervisor.requests.isEmpty)
  }

  @Test func withoutTLS() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let result = try await run("curl", "-sS", "--noproxy", "*", "http://127.0.0.1:\(listener.port)/v1/agent")
    #expect(result.end != .exited(0))
    #expect(!result.outputText.contains("HTTP/"))
    #expect(try await refusal(listener).lowercased().contains("http"))
  }

  @Test func whoDoesNotFinishTheHandshake() async throws {
    var limits = ConnectionLimits()
    limits.handshakeTime = .milliseconds(1000)
    let listener = try RunningListener(connectionLimits: limits)
    _ = try await listener.ready()
    // An open connection that stays silent.
    let client = try TestProcess(["python3", "-c", Self.silent, String(listener.port)])
    let result = try await client.end()
    #expect(result.outputText == "closed after 0 bytes\n", "\(result.errorText)")
    #expect(try await refusal(listener).contains("did not complete the handshake within 1 s"))
  }

  private static let silent = """
    import socket, sys
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    connection.settimeout(30)
    received = 0
    while True:
      try: data = connection.recv(4096)
      except ConnectionResetError: data = b""
      if not data: break
      received += len(data)
    print("closed after", received, "bytes")
    """

  /// A head that arrives slowly (slowloris) has a total time limit, not one per byte.
  @Test func whoSendsSlowly() async throws {
    var limits = HTTPLimits()
    limits.headTime = .milliseconds(500)
    let listener = try RunningListener(httpLimits: limits)
    _ = try await listener.ready()
    let client = try TestProcess(listener.openssl("-quiet"), input: nil)
    try client.write(Connection.agent)
    try await wait(for: "the first answer") { client.outputText.contains("200 OK") }
    var sent = 0
    for byte in "GET /" + String(repeating: "x", count: 10_000) {
      // Writing fails when the client has ended.
      guard (try? client.write(String(byte))) != nil else { break }
      sent += 1
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(sent < 1000)
    _ = try await client.end()
  }

  @Test func tooManyConnections() async throws {
    var limits = ConnectionLimits()
    limits.counts.connections = 1
    let listener = try RunningListener(connectionLimits: limits)
    _ = try await listener.ready()
    let holder = try TestProcess(listener.openssl("-quiet"), input: nil)
    try holder.write(Connection.agent)
    try await wait(for: "the first client's answer") { holder.outputText.contains("200 OK") }
    #expect(try await listener.curl("\(listener.url)/v1/agent").end != .exited(0))
    #expect(listener.log.lines.contains { $0.contains("connections are dropped reason=there are 1 connections") })
    try holder.write(Connection.agent)
    try await wait(for: "its second answer") { holder.outputText.components(of: "200 OK") == 2 }
    holder.closeInput()
    try holder.handle.send(15)
    _ = try await holder.end()
    try await wait(for: "room for the next") {
      try await listener.curl("\(listener.url)/v1/agent").end == .exited(0)
    }
  }
}
