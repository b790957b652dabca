// The complaints: ghostunnel#220 and #219 (the bundle of CAs is not reread; the tunnel is dead when it expires), Icinga/icinga2#7650 (a
// restart after each change).
// The promise: clients of a root are admitted once it is imported, and refused once it is removed, without a restart.
import TestCertificates
import TestSupport
import Testing

@Suite struct Complaint11_NewRootTakesEffectByItself {
  @Test func importedAndRemoved() async throws {
    let agent = try await Installation.running()
    let supervisor = agent.supervisorID
    let root = try PKI.shared.root("Second Root")
    let client = Presented(try PKI.shared.client("Of The Second Root", by: root))
    await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: client) }

    try await agent.configure("-I", root.certificatePath)
    try await wait(for: "the client to be let in") {
      (try? await agent.request("GET", "agent", as: client).status) == 200
    }
    #expect(try await agent.request("GET", "agent").status == 200)

    let digest = try PKI.shared.openssl("x509", "-in", root.certificatePath, "-noout", "-fingerprint", "-sha256")
    try await agent.configure("-x", digest.drop { $0 != "=" }.filter(\.isHexDigit), "--force")
    try await wait(for: "the client to be refused") { (try? await agent.request("GET", "agent", as: client)) == nil }
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(ProcessTable.isAlive(supervisor))
  }
}
