// The vulnerabilities: CVE-2020-29663 and CVE-2025-48057 of Icinga 2. A revoked or invalid certificate was renewed.
// The promise: agentd renews no client's certificate. A revoked client stays refused, whatever is imported again and however often agentd
// starts; only the CA can readmit it, with a new certificate.
import TestCertificates
import TestSupport
import Testing

@Suite struct C7_RevokedStaysRevoked {
  @Test func whateverIsImportedAgain() async throws {
    let root = try SchedulerCertificates.make().root
    let leaver = try PKI.shared.client("Leaver", by: root)
    let agent = try await Installation.running()
    let older = try PKI.shared.revocationList(by: root, revoking: [], number: 3, thisUpdate: -7200)
    let list = try PKI.shared.revocationList(by: root, revoking: [leaver], number: 4)
    try await agent.configure("-I", older)
    #expect(try await agent.request("GET", "agent", as: Presented(leaver)).status == 200)
    try await agent.configure("-I", list)
    try await wait(for: "the revocation") { try await isOut(leaver, of: agent) }

    await #expect(throws: HarnessError.self, "an older list does not come back") {
      try await agent.configure("-I", older)
    }
    try await agent.configure("-I", root.certificatePath)
    try await agent.configure("-I", "agentcert.pem", "-P", "password")
    // Its own certificate, alone and with its key: it may be stored and is still revoked.
    _ = try? await agent.configure("-I", leaver.certificatePath)
    try agent.folder.write("leaver.pem", try leaver.certificatePEM + leaver.keyPEM, mode: 0o600)
    _ = try? await agent.configure("-I", "leaver.pem")
    try await agent.stop()
    try await agent.start()
    #expect(try await isOut(leaver, of: agent))

    // The same name with another key is another certificate, which the CA has just issued.
    let again = try PKI.shared.issue(CertificateRecipe("/CN=Leaver", .client).with { $0.variant = 1 }, by: root)
    #expect(try await agent.request("GET", "agent", as: Presented(again)).status == 200)
    // One from another CA with the same name is refused.
    let pretender = try PKI.shared.issue(
      CertificateRecipe("/CN=End To End Root CA", .authority).with { $0.variant = 1 }, by: nil)
    #expect(try await isOut(try PKI.shared.client("Leaver", by: pretender), of: agent))
  }

  private func isOut(_ client: Credential, of agent: Installation) async throws -> Bool {
    (try? await agent.request("GET", "agent", as: Presented(client))) == nil
  }
}
