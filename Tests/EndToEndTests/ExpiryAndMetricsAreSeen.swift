// Goal: the imminent expiry of a certificate is reported in the log at start and reload, in GET /v1/agent and in GET /metrics, and so are
// the results of reloads and restarts of the listener. As for all requests, clients need a certificate.
import AgentProtocol
import FoundationEssentials
import SystemCalls
import TestCertificates
import TestSupport
import Testing
import Values

@Suite struct ExpiryAndMetricsAreSeen {
  @Test func certificatesAndListsThatExpireSoon() async throws {
    let agent = try await Installation.running()
    let root = agent.certificates.root
    // The test root is valid for thirty days; the listener's certificate for ninety.
    try await agent.logLine(
      with: "warning the root CN=End To End Root CA expires in ", " days (20", "are refused from then on")
    #expect(!agent.log.contains("the listener certificate CN=AGENT01 expires"))
    let before = agent.log.utf8.count
    let list = try PKI.shared.revocationList(by: root, revoking: [], thisUpdate: -7200, nextUpdate: 600)
    try await agent.configure("-I", list)
    try await agent.logLine(with: "warning the revocation list of CN=End To End Root CA is due in", after: before)
    try await agent.logLine(with: "reload complete", after: before)

    let response = try await agent.request("GET", "agent")
    let status = try JSONDecoder().decode(AgentStatus.self, from: Data(response.body))
    #expect(status.warnings.count == 2, "\(status.warnings)")
    #expect(status.warnings.contains { $0.hasPrefix("the root CN=End To End Root CA expires in ") })
    #expect(status.warnings.contains { $0.hasPrefix("the revocation list of CN=End To End Root CA is due in") })

    let page = try await metrics(agent)
    let now = Double(Timestamp.now().milliseconds) / 1000
    let ends = page.values.filter { $0.key.hasPrefix("agentd_certificate_not_after_timestamp_seconds{") }
    #expect(ends.count == 2)
    #expect(ends.first { $0.key.contains("role=\"root\"") }.map { $0.value - now <= 30 * 86400 } == true)
    let due = page.values.first { $0.key.hasPrefix("agentd_revocation_list_next_update_timestamp_seconds{") }
    #expect(due.map { $0.value - now < 600 && $0.value > now } == true)
  }

  @Test func reloadsAndListeners() async throws {
    let agent = try await Installation.running()
    _ = try await agent.finish("j1", ["/bin/true"])
    let configuration = try agent.folder.read("agentd.toml")
    try agent.folder.write("agentd.toml", "nonsense\n" + configuration)
    try agent.signal(1)
    try await agent.logLine(with: "reload failed")
    try agent.folder.write("agentd.toml", configuration)
    try agent.signal(1)
    try await agent.logLine(with: "reload complete")
    let listener = try await agent.listenerID()
    try ProcessHandle(listener).send(9)
    try await agent.logLine(with: "listener serves again")

    let page = try await metrics(agent)
    #expect(page.values["agentd_reloads_total{result=\"failure\"}"] == 1)
    #expect(page.values["agentd_reloads_total{result=\"success\"}"] == 1)
    #expect(page.values["agentd_listener_restarts_total"] == 1)
    #expect(page.values["agentd_jobs_submitted_total"] == 1)
    #expect(page.values["agentd_jobs_ended_total{state=\"succeeded\"}"] == 1)
    for role in ["supervisor", "listener", "signer"] {
      #expect((page.values["agentd_process_resident_memory_bytes{process=\"\(role)\"}"] ?? 0) > 1_048_576, "\(role)")
    }
    // The listener's own counters are those of the listener that answers.
    #expect(page.values["agentd_handshakes_accepted_total{version=\"TLSv1.3\"}"] == 1)
    #expect(page.values["agentd_requests_total{operation=\"submitJob\",status=\"2xx\"}"] == 0)
  }

  @Test func strangersGetNoMetrics() async throws {
    let agent = try await Installation.running()
    let stranger = try PKI.shared.client("stranger", by: PKI.shared.root("Other Root CA"))
    for presented in [Presented.nothing, Presented(stranger)] {
      let result = try await TestProcess(
        ["curl"] + agent.curlArguments(as: presented) + ["https://localhost:\(agent.port)/metrics"],
        environment: agent.environment
      ).end()
      #expect(result.end != .exited(0))
      #expect(result.output.isEmpty)
    }
    let page = try await metrics(agent)
    #expect(page.values["agentd_handshakes_refused_total{rule=\"no_certificate\"}"] == 1)
    #expect(page.values["agentd_handshakes_refused_total{rule=\"missing_issuer\"}"] == 1)
  }

  private func metrics(_ agent: Installation) async throws -> PrometheusText {
    let response = try await agent.request("GET", "../metrics", curl: [])
    #expect(response.status == 200)
    return try PrometheusText(response.text)
  }
}
