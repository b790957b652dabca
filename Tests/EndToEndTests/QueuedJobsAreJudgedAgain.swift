// Goal: a queued job runs only if its client may still run it when its turn comes: by the tables at that moment, and only as long as the
// client would be admitted.
import AgentProtocol
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite struct QueuedJobsAreJudgedAgain {
  private static func table(_ client: String, _ more: String = "") -> String {
    "[[client]]\ncertificate = \"CN=\(client)\"\n\(more)\n"
  }

  private static let user = isRoot ? #", "user": "nobody""# : ""

  /// An agent that runs one job at a time, which the connector holds at a gate; other clients' jobs wait.
  private func agent(_ tables: String) async throws -> (Installation, (String) throws -> Presented) {
    let agent = try await Installation(
      configuration: "[jobs]\nmax_running = 1\n" + Self.table("Executor Connector", "jobs = \"all\"") + tables)
    try await agent.register()
    let directory = try agent.gate("first")
    try await agent.start()
    try await agent.submit("first", ["/bin/sh", "-c", "read line < first"], fields: directory)
    return (agent, { Presented(try PKI.shared.client($0, by: agent.certificates.root)) })
  }

  private func queue(_ agent: Installation, _ id: String, as client: Presented, _ user: String = user) async throws {
    let answer = try await agent.request(
      "PUT", "jobs/\(id)", body: #"{"command": ["/bin/true"], "directory": "/"\#(user)}"#, as: client)
    #expect(answer.status == 201, "\(answer.text)")
  }

  @Test func byTheTablesOfThatMoment() async throws {
    let both = Self.table("Leaver") + Self.table("Stayer")
    let (agent, client) = try await agent(both)
    try await queue(agent, "of-leaver", as: client("Leaver"))
    try await queue(agent, "of-stayer", as: client("Stayer"))
    let file = try agent.folder.read("agentd.toml")
    try agent.folder.write("agentd.toml", file.replacing(Self.table("Leaver"), with: ""))
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete")
    try await agent.openGate("first")
    let gone = try await agent.job("of-leaver", wait: 30)
    #expect(
      gone.state == .cancelled && gone.reason == "no longer allowed: no rule of this agent matches this client",
      "\(gone)")
    #expect(try await agent.job("of-stayer", wait: 30).state == .succeeded)
  }

  @Test(.enabled(if: isRoot, "only root runs jobs as other users"))
  func asWhomItMayRunThen() async throws {
    let (agent, client) = try await agent(Self.table("Leaver", "users = [\"nobody\", \"daemon\"]"))
    try await queue(agent, "as-daemon", as: client("Leaver"), #", "user": "daemon""#)
    try await queue(agent, "as-nobody", as: client("Leaver"))
    let file = try agent.folder.read("agentd.toml")
    try agent.folder.write("agentd.toml", file.replacing("\"nobody\", \"daemon\"", with: "\"nobody\""))
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete")
    try await agent.openGate("first")
    let refused = try await agent.job("as-daemon", wait: 30)
    #expect(
      refused.state == .cancelled && refused.reason?.contains("may not run jobs as user daemon") == true, "\(refused)")
    #expect(try await agent.job("as-nobody", wait: 30).state == .succeeded)
  }

  @Test func whoIsRevokedLosesThemAtTheReload() async throws {
    let (agent, client) = try await agent(Self.table("Leaver") + Self.table("Stayer"))
    let root = agent.certificates.root
    let leaver = try PKI.shared.client("Leaver", by: root)
    try await queue(agent, "of-leaver", as: Presented(leaver))
    try await queue(agent, "of-stayer", as: client("Stayer"))
    try await agent.configure("-I", try PKI.shared.revocationList(by: root, revoking: [leaver], number: 1))
    // While the first one still runs.
    let lost = try await agent.job("of-leaver", wait: 30)
    #expect(lost.state == .cancelled && lost.reason?.hasPrefix("its client is no longer let in: ") == true, "\(lost)")
    #expect(try await agent.job("first").state == .running)
    try await agent.openGate("first")
    #expect(try await agent.job("of-stayer", wait: 30).state == .succeeded)
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func whoIsRevokedWhileAgentdIsStoppedLosesThemAtTheStart(_ signal: Int32) async throws {
    let (agent, client) = try await agent(Self.table("Leaver") + Self.table("Stayer"))
    let root = agent.certificates.root
    let leaver = try PKI.shared.client("Leaver", by: root)
    try await queue(agent, "of-leaver", as: Presented(leaver))
    try await queue(agent, "of-stayer", as: client("Stayer"))
    // Who the clients are is known then, even if agentd was killed at once.
    #expect(try await agent.stop(signal) == (signal == SIGKILL ? .signalled(signal) : .exited(0)))
    // At the next start there is a place for the first that waits.
    try await agent.openGate("first")
    try await agent.configure("-I", try PKI.shared.revocationList(by: root, revoking: [leaver], number: 1))
    try await agent.start()
    let lost = try await agent.job("of-leaver", wait: 30)
    #expect(lost.state == .cancelled && lost.reason?.contains(" revoked ") == true, "\(lost)")
    #expect(try await agent.job("of-stayer", wait: 30).state == .succeeded)
  }

  /// Nobody can say whether they would still be admitted.
  @Test func whoIsNotInTheRecordOfClientsLosesThem() async throws {
    let (agent, client) = try await agent(Self.table("Leaver"))
    try await queue(agent, "of-leaver", as: client("Leaver"))
    #expect(try await agent.stop() == .exited(0))
    TemporaryFolder.remove(agent.folder.path("state/clients"))
    try await agent.openGate("first")
    try await agent.start()
    let lost = try await agent.job("of-leaver", wait: 30)
    #expect(lost.state == .cancelled && lost.reason?.contains("not in the record of clients") == true, "\(lost)")
    try await queue(agent, "again", as: client("Leaver"))
    #expect(try await agent.job("again", wait: 30).state == .succeeded)
  }

  @Test func theAdministratorEndsAllOfAClient() async throws {
    let (agent, client) = try await agent(Self.table("Leaver") + Self.table("Stayer"))
    for id in ["a", "b"] { try await queue(agent, id, as: client("Leaver")) }
    try await queue(agent, "of-stayer", as: client("Stayer"))
    // A client that sees only its own jobs cannot end those of others.
    let refused = try await agent.request("POST", "cancel?client=CN%3DLeaver", as: client("Stayer"))
    #expect(refused.text.contains(#""queued":0,"running":0"#), "\(refused.text)")
    let ended = try await TestProcess(
      agent.agentctl("cancel", "--client", "CN=Leaver", "--json"), environment: agent.environment
    )
    .end()
    #expect(
      ended.end == .exited(0) && ended.outputText.contains(#""queued":2"#), "\(ended.outputText)\(ended.errorText)")
    for id in ["a", "b"] {
      let status = try await agent.job(id)
      #expect(status.state == .cancelled && status.reason == "cancelled by CN=Executor Connector")
    }
    #expect(try await agent.request("POST", "cancel").status == 400)
    try await agent.openGate("first")
    #expect(try await agent.job("of-stayer", wait: 30).state == .succeeded)
  }
}
