import AgentProtocol
import TestCertificates
import TestSupport
import Testing

@testable import Listener

/// Real clients, admitted and refused, in the counters of a running listener.
struct HandshakesAreCounted {
  @Test func byRuleAndVersion() async throws {
    let listener = try RunningListener { _, _, command in
      command == .showMetrics ? (.metrics(MetricsArePrometheusText.figures), []) : nil
    }
    let report = try await listener.ready()
    let certificates = try RunningListener.certificates()
    let stranger = try PKI.shared.client("stranger", by: PKI.shared.root("Not Imported"))
    let late = try PKI.shared.issue(
      CertificateRecipe("/CN=late", .client).with { ($0.notBefore, $0.notAfter) = (-7200, -3600) },
      by: certificates.root)
    for credential in [stranger, late, late] {
      let result = try await run(
        "curl", "-sS", "--noproxy", "*", "--cacert", certificates.root.certificatePath, "--cert", credential.chainPath,
        "--key", credential.keyPath, "\(listener.url)/v1/agent")
      #expect(result.end != .exited(0))
    }
    _ = try await run("curl", "-sS", "--noproxy", "*", "http://127.0.0.1:\(listener.port)/metrics")
    _ = try await listener.curl("--tls-max", "1.2", "\(listener.url)/v1/agent")
    let page = try PrometheusText(try await listener.curl("\(listener.url)/metrics").outputText)
    func refused(_ rule: String) -> Double? { page.values["agentd_handshakes_refused_total{rule=\"\(rule)\"}"] }
    #expect(refused("missing_issuer") == 1)
    #expect(refused("expired") == 2)
    #expect(refused("plain_http") == 1)
    #expect(refused("revoked") == 0)
    #expect(page.values["agentd_handshakes_accepted_total{version=\"TLSv1.2\"}"] == 1)
    #expect(page.values["agentd_handshakes_accepted_total{version=\"TLSv1.3\"}"] == 1)
    #expect(page.values["agentd_connections{client=\"authenticated\"}"] == 1)
    let own = page.values.first { series, _ in
      series.hasPrefix("agentd_certificate_not_after_timestamp_seconds{role=\"listener\"")
        && series.contains("sha256=\"\(report.thumbprint)\"")
    }
    #expect(own?.value == Double(report.notAfter.milliseconds / 1000))
  }
}
