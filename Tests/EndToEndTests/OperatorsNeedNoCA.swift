// Goal: an operator runs jobs on agents by name without access to the scheduler's folder, and no longer once the certificate is revoked; the
// scheduler sees when certificates were last in use, and says in time that its own expires.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct OperatorsNeedNoCA {
  @Test func untilTheCertificateIsRevoked() async throws {
    let fleet = try await Fleet()
    let agent = try await fleet.agent("web1")
    try await agent.start()
    try await fleet.add("web1", agent)
    let issued = try await fleet.register("CREATE OPERATOR CERT /NAME=alice /FILENAME=alice.pem /NOPASSWORD")
    let next = issued.split(separator: "\n").compactMap { $0.wholeMatch(of: #/ +scheduler-register (.*)/#)?.1 }
    try await fleet.register("EXPORT CONNECTORS /FILENAME=connectors.json")
    // What the answer says is what the operator has to do.
    #expect(next.count == 2)
    for command in next { try await fleet.register("-H", "alice", String(command)) }
    try fleet.hideHome()
    let job = try await fleet.agentctl("run", "-H", "alice", "web1", "--", "/bin/echo", "hello")
    #expect(job.outputText == "hello\n" && job.end == .exited(0), "\(job.errorText)")
    #expect(try await fleet.agentctl("agents", "-H", "alice").outputText.contains("Online"))
    for command in ["CREATE AGENT LISTENER CERT /AGENTNAME=x /FILENAME=x /NOPASSWORD /PEM", "EXPORT CRL /FILENAME=x"] {
      await #expect(throws: HarnessError.self) { try await fleet.register("-H", "alice", command) }
    }
    try fleet.showHome()

    let thumbprint = try #require(issued.firstMatch(of: #/thumbprint +([0-9A-F]{40})/#)?.1)
    try await fleet.register("REVOKE CERT /THUMBPRINT=\(thumbprint)")
    try await fleet.register("EXPORT CRL /FILENAME=crl.pem")
    try await agent.configure("-I", fleet.folder.path("crl.pem"))
    try await agent.logLine(with: "reload complete")
    let refused = try await fleet.agentctl("run", "-H", "alice", "web1", "--", "/bin/echo", "hello")
    #expect(refused.end == .exited(EX_NOPERM), "\(refused.errorText)")
    #expect(try await fleet.agentctl("run", "web1", "--", "/bin/echo", "still").outputText == "still\n")
  }

  @Test func whatIsInUseIsSeen() async throws {
    let fleet = try await Fleet()
    let agents = [try await fleet.agent("web1"), try await fleet.agent("web2")]
    try await agents[0].start()
    for (name, agent) in zip(["web1", "web2"], agents) { try await fleet.add(name, agent) }
    func seen(_ name: String) async throws -> Bool {
      let lines = try await fleet.register("LIST CERT").split(separator: "\n")
      return try #require(lines.first { $0.contains(name) }).contains(#/\d{4}-\d\d-\d\dT[\d:]+Z/#)
    }
    #expect(try await seen("CN=web1"))
    #expect(try await seen("CN=Executor Connector"))
    #expect(try await seen("CN=web2") == false)
    try await agents[1].start()
    #expect(try await fleet.agentctl("agents").end == .exited(0))
    #expect(try await seen("CN=web2"))
  }

  @Test func whatExpiresSoonIsSaid() async throws {
    let fleet = try await Fleet()
    let agent = try await fleet.agent("web1")
    try await agent.start()
    try await fleet.add("web1", agent)
    #expect(try await fleet.agentctl("agents").errorText == "")
    try await fleet.register("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT /NAME=Short /DAYS=20")
    let words = "warning: the connector certificate CN=Short"
    let listed = try await fleet.agentctl("agents")
    #expect(
      listed.errorText.contains(words) && listed.errorText.contains(" expires on 20")
        && listed.errorText.contains("in 19 days"), "\(listed.errorText)")
    #expect(listed.end == .exited(0) && listed.outputText.contains("Online"))
    #expect(try await fleet.register("LIST EXEC CONFIG").contains(words))
    #expect(try await fleet.register("LIST EXEC CONFIG /JSON").contains("the connector certificate CN=Short"))
    try await fleet.register("CREATE ROOT CA /STOREKEY /MAKEDEFAULT /NAME=Brief /DAYS=29")
    #expect(try await fleet.register("LIST EXEC CONFIG").contains("warning: the root CA CN=Brief"))
  }
}
