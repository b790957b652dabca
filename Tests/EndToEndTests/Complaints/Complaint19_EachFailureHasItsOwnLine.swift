// The complaints: NagiosEnterprises/nrpe#138, #251, #119 and #173. Every TLS failure prints the same line, which does not reveal the cause.
// The promise: each cause has its own line, with the peer and, if it presented one, its certificate.
import TestCertificates
import TestSupport
import Testing

@Suite struct Complaint19_EachFailureHasItsOwnLine {
  @Test func noTwoCausesReadAlike() async throws {
    let agent = try await Installation.running(configuration: "[limits]\nhandshake_timeout = 1\n")
    let root = agent.certificates.root
    let files = try #require(agent.certificates.connector.files)
    let other = try PKI.shared.root("Other Root CA")
    let expired = try PKI.shared.issue(
      CertificateRecipe("/CN=Expired", .client).with { ($0.notBefore, $0.notAfter) = (-9 * 86400, -86400) }, by: root)
    let stranger = try PKI.shared.client("Stranger", by: other)
    let certificate = ["-cert", files.chain, "-key", files.key]
    let causes: [(name: String, command: [String], input: String?)] = [
      ("no certificate", client(agent, []), ""),
      ("expired", client(agent, ["-cert", expired.chainPath, "-key", expired.keyPath]), ""),
      ("another root", client(agent, ["-cert", stranger.chainPath, "-key", stranger.keyPath]), ""),
      ("an old version", client(agent, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"] + certificate), ""),
      ("no common cipher", client(agent, ["-tls1_2", "-cipher", "AES128-SHA256"] + certificate), ""),
      (
        "the client does not trust the agent",
        client(agent, ["-verify_return_error"] + certificate, trusting: other.certificatePath), ""
      ),
      ("plain HTTP", ["curl", "-s", "--max-time", "20", "--noproxy", "*", "http://127.0.0.1:\(agent.port)/"], ""),
      ("SSH", ["python3", "-c", Self.plain(agent, #"b"SSH-2.0-OpenSSH_9.2\r\n""#)], ""),
      ("a part of a handshake", ["python3", "-c", Self.plain(agent, "bytes([22, 3, 1, 0, 200, 1])")], ""),
    ]
    var reasons: [String: String] = [:]
    for cause in causes {
      let logged = agent.log.utf8.count
      _ = try await TestProcess(cause.command, environment: agent.environment, input: Array((cause.input ?? "").utf8))
        .end()
      let line = try await agent.logLine(with: "connection refused", "peer=127.0.0.1:", after: logged)
      let reason = String(line[(line.firstRange(of: "reason=")?.lowerBound ?? line.startIndex)...])
      if let same = reasons[reason] { Issue.record("\(cause.name) reads as \(same): \(reason)") }
      reasons[reason] = cause.name
    }
    #expect(reasons.count == causes.count, "\(reasons)")
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  private func client(_ agent: Installation, _ arguments: [String], trusting root: String? = nil) -> [String] {
    ["openssl", "s_client", "-connect", "127.0.0.1:\(agent.port)", "-CAfile", root ?? agent.certificates.rootPath]
      + arguments
  }

  private static func plain(_ agent: Installation, _ bytes: String) -> String {
    """
    import socket
    peer = socket.create_connection(("127.0.0.1", \(agent.port)), timeout=30)
    peer.sendall(\(bytes))
    try:
      while peer.recv(4096): pass
    except ConnectionResetError: pass
    """
  }
}
