// Goal: what a scheduler revokes, its agents refuse within seconds, without anybody who copies a file: REVOKE CERT tells them to look, they
// fetch one list from the enrolment service, and only if it has changed. What an agent has missed it fetches when it is back.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct RevocationReachesTheAgents {
  private static let often = "[tls]\ncrl_refresh = 10\n"
  private static let toldAlone = "[tls]\ncrl_refresh = 0\n"

  /// A scheduler with a second connector certificate, and an agent that is enrolled with it.
  private struct Stage {
    let scheduler: EnrolmentScheduler
    let agent: Installation
    let connector: Presented
    let leaver: Presented
    let thumbprint: String

    init(_ configuration: String) async throws {
      (scheduler, agent) = (try await EnrolmentScheduler(), try await Installation(configuration: configuration))
      try await agent.enrol(at: scheduler)
      connector = try scheduler.connector()
      let before = try Self.certificates(scheduler)
      try await EnrolmentScheduler.register(scheduler.folder, "CREATE EXEC CONNECTOR CERT /STORECERT /NAME=Leaver")
      let name = try #require(Set(try Self.certificates(scheduler)).subtracting(before).first)
      let store = scheduler.folder.path("home/store/current")
      leaver = Presented(files: ("\(store)/certificates/\(name)", "\(store)/keys/\(name)"))
      thumbprint = String(name.dropLast(4))
      try await EnrolmentScheduler.register(
        scheduler.folder,
        "ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=localhost /ADDRESS=127.0.0.1:\(agent.port) /PLATFORM=Linux")
      try await agent.start()
    }

    private static func certificates(_ scheduler: EnrolmentScheduler) throws -> [String] {
      try Folder.names(in: scheduler.folder.path("home/store/current/certificates"))
    }

    func isAdmitted(_ client: Presented) async throws -> Bool {
      let result = try await TestProcess(
        ["curl", "--silent", "--noproxy", "*", "--cacert", scheduler.folder.path("root.pem")]
          + client.curlArguments + ["\(agent.url)/agent"], environment: agent.environment
      ).end()
      return result.end == .exited(0)
    }

    func revoke() async throws -> ProcessResult {
      try await EnrolmentScheduler.start(scheduler.folder, "REVOKE CERT /THUMBPRINT=\(thumbprint)").end()
    }

    var transfers: Int { scheduler.log.split(separator: "\n").count { $0.contains("revocation list handed out") } }
  }

  @Test func atOnceAndOnce() async throws {
    let stage = try await Stage(Self.toldAlone)
    let (agent, connector) = (stage.agent, stage.connector)
    #expect(try await stage.isAdmitted(stage.leaver))
    let said = try await stage.revoke().outputText
    #expect(said.contains("1 of 1 agent told to look now"), "\(said)")
    try await agent.logLine(with: "revocation lists were fetched", "1 revoked")
    try await wait(for: "the revoked client to be refused") { try await !stage.isAdmitted(stage.leaver) }
    try await agent.logLine(with: "connection refused", "was revoked on")
    #expect(try await stage.isAdmitted(connector))
    #expect(stage.transfers == 1)

    // Nothing has changed: the agent looks, and no list is transferred.
    let fetched = "agentd_revocation_list_fetches_total{result=\"success\"}"
    let before = try await figures(stage).values[fetched] ?? 0
    #expect(try await refresh(stage, as: connector) == "202")
    try await wait(for: "another look") { try await figures(stage).values[fetched] ?? 0 > before }
    #expect(stage.transfers == 1)
    #expect(try await figures(stage).values["agentd_revocation_list_fetches_total{result=\"failure\"}"] == 0)
  }

  @Test func onScheduleAndAfterAKill() async throws {
    let stage = try await Stage(Self.often)
    try await stage.agent.logLine(with: "revocation lists were fetched", "0 revoked")
    try stage.agent.signal(SIGKILL)
    try await stage.agent.stop()
    let said = try await stage.revoke()
    #expect(said.outputText.contains("0 of 1 agent told to look now"), "\(said)")
    #expect(said.errorText.contains("localhost could not be told, and looks on its own schedule: "), "\(said)")
    try await stage.agent.start()
    try await stage.agent.logLine(with: "revocation lists were fetched", "1 revoked")
    try await wait(for: "the revoked client to be refused") { try await !stage.isAdmitted(stage.leaver) }
    #expect(try await stage.isAdmitted(stage.connector))
    #expect(stage.transfers == 2)
  }

  @Test func aServiceThatIsAwayChangesNothing() async throws {
    let stage = try await Stage(Self.often)
    try await stage.agent.logLine(with: "revocation lists were fetched", "0 revoked")
    try await stage.scheduler.stop()
    try await stage.agent.logLine(with: "newer revocation lists were not fetched", "does SERVE ENROLMENT run there?")
    #expect(try await stage.isAdmitted(stage.connector))
    #expect(try await figures(stage).values["agentd_revocation_list_fetches_total{result=\"failure\"}"] ?? 0 >= 1)
  }

  @Test func whoAsksTooOftenIsToldSo() async throws {
    let stage = try await Stage(Self.toldAlone)
    let connector = stage.connector
    for _ in 0..<12 { #expect(try await refresh(stage, as: connector) == "202") }
    #expect(try await refresh(stage, as: connector) == "429")
    #expect(try await refresh(stage, as: stage.leaver) == "202")
    #expect(try await refresh(stage, as: .nothing) == "000")
  }

  @Test func whereThereIsNothingToFetchFrom() async throws {
    let agent = try await Installation.running()
    let answer = try await agent.request("POST", "agent/refresh")
    #expect(answer.status == 422 && answer.text.contains("has no enrolment service"), "\(answer.text)")
    #expect(try await agent.request("POST", "agent/refresh", body: "{}").status == 400)
  }

  @Test func certificatesNameThePlace() async throws {
    let scheduler = try await EnrolmentScheduler("/SAN=lists.example.com")
    try await EnrolmentScheduler.register(scheduler.folder, "CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT")
    let agent = try await Installation()
    try await agent.enrol(at: scheduler)
    let root = try #require(try Folder.names(in: scheduler.folder.path("home/store/current/roots")).first).dropLast(4)
    let name = try #require(try Folder.names(in: agent.folder.path("store/current/certificates")).first)
    let text = try await TestProcess(
      ["openssl", "x509", "-noout", "-text", "-in", agent.folder.path("store/current/certificates/\(name)")],
      environment: agent.environment
    ).end().outputText
    #expect(text.contains("URI:https://lists.example.com:\(scheduler.port)/crl/\(root).crl"), "\(text)")
    // Anybody may read the list, as the name says.
    let list = try await agent.run([
      "curl", "-sS", "--noproxy", "*", "-D", "-", "-o", "list.crl", "--cacert", scheduler.folder.path("root.pem"),
      "https://localhost:\(scheduler.port)/crl/\(root).crl",
    ]).outputText.lowercased()
    #expect(list.contains("content-type: application/pkix-crl") && list.contains("etag: \""), "\(list)")
    let checked = try await agent.run([
      "openssl", "crl", "-inform", "DER", "-in", "list.crl", "-noout", "-CAfile", scheduler.folder.path("root.pem"),
    ])
    #expect(checked.errorText.contains("verify OK"), "\(checked.errorText)")
    let tag = try #require(list.firstMatch(of: /etag: ("[0-9a-f]+")/)).1
    for (path, tags, status) in [
      ("\(root)", "\"x\", \(tag)", "304"), ("\(root)", "\"x\"", "200"), (String(repeating: "0", count: 64), "", "404"),
      ("../store", "", "404"),
    ] {
      let answer = try await agent.run([
        "curl", "-sS", "--noproxy", "*", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}", "--cacert",
        scheduler.folder.path("root.pem"), "-H", "If-None-Match: \(tags)",
        "https://localhost:\(scheduler.port)/crl/\(path).crl",
      ])
      #expect(answer.outputText == status, "\(path) \(tags)")
    }
  }

  /// Returns the status of a request to look, `000` if there is no answer.
  private func refresh(_ stage: Stage, as client: Presented) async throws -> String {
    try await TestProcess(
      [
        "curl", "--silent", "--noproxy", "*", "-X", "POST", "-o", "/dev/null", "-w", "%{http_code}", "--cacert",
        stage.scheduler.folder.path("root.pem"),
      ] + client.curlArguments + ["\(stage.agent.url)/agent/refresh"], environment: stage.agent.environment
    ).end().outputText
  }

  private func figures(_ stage: Stage) async throws -> PrometheusText {
    try PrometheusText(
      try await TestProcess(
        ["curl", "--silent", "--noproxy", "*", "--cacert", stage.scheduler.folder.path("root.pem")]
          + stage.connector.curlArguments + ["https://localhost:\(stage.agent.port)/metrics"],
        environment: stage.agent.environment
      ).end().outputText)
  }
}
