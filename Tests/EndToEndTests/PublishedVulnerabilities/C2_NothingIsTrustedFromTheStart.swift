// The vulnerability: CVE-2025-55109 of BMC Control-M/Agent. Certificates shipped with the software were trusted.
// The promise: an agent without imports trusts nobody, does not even listen, and says what to import.
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite struct C2_NothingIsTrustedFromTheStart {
  @Test func anEmptyStoreIsNothingToListenWith() async throws {
    let agent = try await Installation()
    try await expectNoStart(of: agent, because: "the certificate store is empty", "-I BUNDLE.pem")
  }

  @Test func aListenerCertificateAloneTrustsNobody() async throws {
    let agent = try await Installation()
    let listener = try PKI.shared.issue(CertificateRecipe("/CN=alone", .server), by: agent.certificates.root)
    try agent.folder.write("alone.pem", try listener.certificatePEM + listener.keyPEM, mode: 0o600)
    // With or without its issuer imported, there is no root to trust.
    _ = try? await agent.configure("-I", "alone.pem")
    try await expectNoStart(of: agent, because: "agent-register")
  }

  private func expectNoStart(of agent: Installation, because reason: String...) async throws {
    let result = try await TestProcess(
      ["\(agent.folder.path("bin"))/jams-agentd", "-F"], environment: agent.environment, directory: agent.folder.path
    ).end()
    #expect(result.end == .exited(EX_CONFIG))
    for part in reason { #expect(result.errorText.contains(part), "\(result.errorText)") }
  }
}
