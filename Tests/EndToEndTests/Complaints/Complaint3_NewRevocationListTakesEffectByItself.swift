// The complaints: Icinga/icinga2#8501 and #9487. A revocation list was replaced, but the daemon kept the old one until it expired, and then
// dropped all its peers.
// The promise: an imported list takes effect without a restart; clients refused because of an expired list are admitted again
// automatically.
import TestCertificates
import TestSupport
import Testing

@Suite struct Complaint3_NewRevocationListTakesEffectByItself {
  @Test func theNewOneEndsTheOutage() async throws {
    let root = try SchedulerCertificates.make().root
    let leaver = try PKI.shared.client("Leaver", by: root)
    let agent = try await Installation.running(configuration: "[tls]\ncrl_expired = \"refuse\"\n")
    let supervisor = agent.supervisorID
    try await agent.configure("-I", try PKI.shared.revocationList(by: root, revoking: [], number: 1, nextUpdate: -60))
    try await wait(for: "the outage") { (try? await agent.request("GET", "agent")) == nil }

    try await agent.configure("-I", try PKI.shared.revocationList(by: root, revoking: [leaver], number: 2))
    try await wait(for: "the client to be let in") { (try? await agent.request("GET", "agent").status) == 200 }
    await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: Presented(leaver)) }
    #expect(agent.supervisorID == supervisor && ProcessTable.isAlive(supervisor))
  }
}
