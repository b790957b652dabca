// Goal: the administrator chooses what happens to the clients of a CA whose revocation list has expired, and the log states the effect at
// each start and reload. A client on the expired list is refused either way.
import AgentProtocol
import FoundationEssentials
import OpenSSL
import TestCertificates
import TestSupport
import Testing

@Suite struct OutdatedRevocationListIsAChoice {
  struct Choice: Sendable {
    let configuration: String
    let letsIn: Bool
    let consequence: String
  }

  @Test(arguments: [
    Choice(configuration: "", letsIn: true, consequence: "its entries still count, later ones are missing"),
    Choice(
      configuration: "[tls]\ncrl_expired = \"refuse\"\n", letsIn: false,
      consequence: "this issuer's clients are refused"),
    Choice(
      configuration: "[tls]\ncrl_expired = \"warn\"\n", letsIn: true,
      consequence: "its entries still count, later ones are missing"),
  ])
  func isKept(choice: Choice) async throws {
    let root = try SchedulerCertificates.make().root
    let revoked = try PKI.shared.client("Leaver", by: root)
    let list = try PKI.shared.revocationList(
      by: root, revoking: [revoked], thisUpdate: -10 * 86400, nextUpdate: -3 * 86400)
    let agent = try await Installation(configuration: choice.configuration)
    try await agent.register()
    try await agent.configure("-I", list)
    try await agent.start()
    try await agent.logLine(
      with: "warning", "the revocation list of CN=End To End Root CA expired at 20", choice.consequence)

    let answer = try? await agent.request("GET", "agent").status
    #expect(answer == (choice.letsIn ? 200 : nil))
    if choice.letsIn {
      #expect(try await warnings(of: agent).contains { $0.contains("expired at") && $0.contains(choice.consequence) })
    } else {
      try await agent.logLine(with: "connection refused", "the revocation list of", "expired at")
      #expect(try await curlError(agent).contains("alert certificate unknown"))
      let words = ServerHandshakeFailure.clientRefused(alert: "certificate unknown").description
      #expect(words.contains("its revocation list of our CA has expired"))
    }
    #expect(try await verify(agent.certificates.connector, at: agent) == choice.letsIn)

    await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: Presented(revoked)) }
    try await agent.logLine(with: "connection refused", "CN=Leaver")

    let logged = agent.log.utf8.count
    try agent.signal(1)
    try await agent.logLine(with: "warning", "expired at", after: logged)
  }

  @Test func anotherChoiceIsTakenByAReload() async throws {
    let root = try SchedulerCertificates.make().root
    let refuse = "[tls]\ncrl_expired = \"refuse\"\n"
    let agent = try await Installation.running(configuration: refuse)
    try await agent.configure("-I", try PKI.shared.revocationList(by: root, revoking: [], nextUpdate: -60))
    try await agent.logLine(with: "this issuer's clients are refused")
    // The line comes from the new listener; until it has taken over, the old one may still admit a client.
    try await wait(for: "the client to be refused") { (try? await agent.request("GET", "agent")) == nil }
    let configuration = try agent.folder.read("agentd.toml")
    try agent.folder.write(
      "agentd.toml", configuration.replacing(refuse, with: "[tls]\ncrl_expired = \"warn\"\n"))
    try agent.signal(1)
    try await wait(for: "the client to be let in") { (try? await agent.request("GET", "agent").status) == 200 }
  }

  private func warnings(of agent: Installation) async throws -> [String] {
    try JSONDecoder().decode(AgentStatus.self, from: Data(try await agent.request("GET", "agent").body)).warnings
  }

  /// What a refused client sees: an alert that is sent for nothing else.
  private func curlError(_ agent: Installation) async throws -> String {
    try await TestProcess(
      ["curl", "-sS"] + agent.curlArguments(as: agent.certificates.connector) + [
        "https://localhost:\(agent.port)/v1/agent"
      ],
      environment: agent.environment
    ).end().errorText
  }

  /// The verdict of `agent-register -V`.
  private func verify(_ client: Presented, at agent: Installation) async throws -> Bool {
    let file = try #require(client.files).chain
    let result = try await TestProcess(
      ["\(agent.folder.path("bin"))/jams-register", "-V", file], environment: agent.environment
    ).end()
    return result.end == .exited(0)
  }
}
