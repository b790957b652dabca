// Goal: a client whose table is removed from agentd.toml can do nothing more from the reload on, not even over a connection that it opened
// before; the clients whose tables stay do not notice.
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite struct ReloadWithFewerTables {
  private static func table(_ client: String) -> String {
    "[[client]]\ncertificate = \"CN=\(client)\"\njobs = \"all\"\n"
  }

  @Test(arguments: ["--http1.1", "--http2"]) func whoHasNoneIsRefusedAtOnce(http: String) async throws {
    let agent = try await Installation.running(
      configuration: ["Executor Connector", "Leaver", "Stayer"].map(Self.table).joined())
    let root = agent.certificates.root
    let leaver = Presented(try PKI.shared.client("Leaver", by: root))
    let stayer = Presented(try PKI.shared.client("Stayer", by: root))
    let job = #"{"command": ["/bin/true"], "directory": "/"}"#
    func statuses(_ client: Presented, _ id: String) async throws -> [Int] {
      var statuses: [Int] = []
      for (method, path, body) in [
        ("PUT", "jobs/\(id)", job), ("GET", "jobs/\(id)?wait=30", nil), ("GET", "jobs", nil), ("GET", "agent", nil),
        ("GET", "jobs/\(id)/output", nil), ("POST", "jobs/\(id)/cancel", nil), ("DELETE", "jobs/\(id)", nil),
        ("POST", "cancel?client=CN%3DStayer", nil), ("GET", "../metrics", nil),
      ] as [(String, String, String?)] {
        statuses.append(try await agent.request(method, path, body: body, as: client, curl: [http]).status)
      }
      return statuses
    }
    #expect(try await statuses(leaver, "before").allSatisfy { $0 < 300 })
    #expect(try await statuses(stayer, "stays").allSatisfy { $0 < 300 })

    // Open before the reload.
    let kept = try TestProcess(
      ["curl"] + agent.curlArguments(as: leaver) + [http, "--no-buffer", "\(agent.url)/events"],
      environment: agent.environment)
    try await wait(for: "its events") { kept.outputText.hasPrefix("id: ") }
    let logged = agent.log.utf8.count
    let file = try agent.folder.read("agentd.toml")
    try agent.folder.write("agentd.toml", file.replacing(Self.table("Leaver"), with: ""))
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete", after: logged)

    let refused = try await statuses(leaver, "after")
    #expect(refused.allSatisfy { $0 == 403 }, "\(refused)")
    #expect(try await statuses(stayer, "stays-on").allSatisfy { $0 < 300 })
    _ = try await agent.finish("seen-by-others", ["/bin/true"], fields: #""directory": "/""#)
    let events = try await kept.end()
    #expect(!events.outputText.contains("seen-by-others"))
  }
}
