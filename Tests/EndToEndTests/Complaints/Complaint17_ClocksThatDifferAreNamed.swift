// The complaints: wazuh PR#38440 (clocks that differ cause an endless loop), lxc/incus PR#2450 (they show only as "not authorized"),
// hashicorp/vault PR#1036 and istio PR#32176 (a new certificate is "not yet valid").
// The promise: if a clock is the cause, the line says by how much, what this host's clock shows, and to check it; it says so once per
// connection, and the client is admitted as soon as its certificate is valid.
import TestCertificates
import TestSupport
import Testing

@Suite struct Complaint17_ClocksThatDifferAreNamed {
  @Test func aCertificateOfTheFuture() async throws {
    let agent = try await Installation.running()
    let early = try PKI.shared.issue(
      CertificateRecipe("/CN=Early", .client).with { ($0.notBefore, $0.notAfter) = (3600, 86400) },
      by: agent.certificates.root)
    await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: Presented(early)) }
    let line = try await agent.logLine(with: "connection refused", "CN=Early", "is not valid for another")
    #expect(line.contains("minutes") || line.contains("hour"), "\(line)")
    #expect(line.contains("clock"), "\(line)")
    #expect(agent.log.split(separator: "\n").count { $0.contains("CN=Early") } == 1)
  }

  @Test func itIsLetInWhenItsTimeHasCome() async throws {
    let agent = try await Installation.running()
    let soon = try PKI.shared.issue(
      CertificateRecipe("/CN=Soon", .client).with { ($0.notBefore, $0.notAfter) = (6, 86400) },
      by: agent.certificates.root)
    try await wait(for: "the client to be let in") {
      (try? await agent.request("GET", "agent", as: Presented(soon)).status) == 200
    }
  }
}
