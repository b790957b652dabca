// The vulnerability: CVE-2024-49369 of Icinga 2. An invalid peer certificate was not detected in every handshake.
// The promise: in every connection, the certificate is verified in the handshake, before any byte of application data; there is no session
// resumption, and no second handshake in a connection.
import TestCertificates
import TestSupport
import Testing

@Suite struct C6_EveryHandshakeIsJudged {
  @Test(arguments: TLSVersion.allCases)
  func aSessionOfAGoodClientIsWorthNothing(version: TLSVersion) async throws {
    let agent = try await Installation.running()
    let session = agent.folder.path("session.pem")
    let files = try #require(agent.certificates.connector.files)
    let good = try await client(
      of: agent, version, "-cert", files.chain, "-key", files.key, "-sess_out", session, lines: Self.request)
    #expect(good.outputText.contains("HTTP/1.1 200 OK"))

    let logged = agent.log.utf8.count
    let hasSession = (try? agent.folder.read("session.pem"))?.isEmpty == false
    let bad = try await client(of: agent, version, hasSession ? ["-sess_in", session] : [], lines: Self.request)
    #expect(!bad.outputText.contains("HTTP/1.1"))
    try await agent.logLine(with: "connection refused", "client presented no certificate", after: logged)
  }

  @Test func nobodyStartsASecondHandshake() async throws {
    let agent = try await Installation.running()
    let files = try #require(agent.certificates.connector.files)
    // "R" at the beginning of a line requests renegotiation: openssl-s_client(1).
    let result = try await client(
      of: agent, .tls12, ["-cert", files.chain, "-key", files.key], lines: "R\n\(Self.request)", isQuiet: false)
    #expect(result.errorText.contains("RENEGOTIATING") && result.errorText.contains("no renegotiation"), "\(result)")
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  private static let request = "GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

  private func client(
    of agent: Installation, _ version: TLSVersion, _ arguments: String..., lines: String
  ) async throws -> ProcessResult {
    try await client(of: agent, version, arguments, lines: lines)
  }

  private func client(
    of agent: Installation, _ version: TLSVersion, _ arguments: [String], lines: String, isQuiet: Bool = true
  ) async throws -> ProcessResult {
    try await TestProcess(
      ["openssl", "s_client", "-connect", "127.0.0.1:\(agent.port)", "-CAfile", agent.certificates.rootPath]
        + (isQuiet ? ["-quiet"] : []) + ["-tls1_\(version.minor)"] + arguments,
      environment: agent.environment, input: Array(lines.utf8)
    ).end(within: .seconds(30))
  }
}
