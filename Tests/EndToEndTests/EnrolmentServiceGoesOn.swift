// Goal: the enrolment service is never restarted: it is there before the first root CA, and goes on over a change of the default root, for
// agents that know the old root alone as for new ones.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct EnrolmentServiceGoesOn {
  @Test func beforeThereIsARoot() async throws {
    let (folder, port) = (try TemporaryFolder(), try FreePort.next())
    let service = try EnrolmentScheduler.start(folder, "SERVE ENROLMENT /BIND=127.0.0.1 /PORT=\(port)")
    try await wait(for: "the service") { service.errorText.contains("enrolment is served") }
    try await wait(for: "the reason") {
      service.errorText.contains("connections are refused until there is a root CA: there is no default root CA yet")
    }
    func cacerts() async throws -> ProcessResult {
      try await TestProcess(
        ["curl", "-sS", "-k", "--noproxy", "*", "https://127.0.0.1:\(port)/.well-known/est/cacerts"],
        environment: ["PATH": "/usr/bin:/bin"]
      ).end()
    }
    #expect(try await cacerts().end != .exited(0))
    // Nothing was made that CREATE ROOT CA would find.
    #expect(access(folder.path("home"), F_OK) != 0)
    try await EnrolmentScheduler.register(folder, "CREATE ROOT CA /STOREKEY /MAKEDEFAULT")
    #expect(try await cacerts().end == .exited(0), "\(service.errorText)")
    try service.handle.send(SIGTERM)
    #expect(try await service.end().end == .exited(0))
  }

  @Test func overAChangeOfTheDefaultRoot() async throws {
    let (scheduler, old, new) = (try await EnrolmentScheduler(), try await Installation(), try await Installation())
    try await old.enrol(at: scheduler)
    let early = try await scheduler.code()
    try await EnrolmentScheduler.register(scheduler.folder, "CREATE ROOT CA /STOREKEY /MAKEDEFAULT /NAME=\"Next Root\"")
    // The old agent trusts the old root alone, and still finds its list there.
    let refreshed = try await old.attempt("--refresh")
    #expect(refreshed.end == .exited(0), "\(refreshed.errorText)")
    #expect(try Folder.names(in: old.folder.path("store/current/crls")).count == 1)
    // A new code is for the new root, an old one for the old; the old one first, because a new code replaces it.
    for (agent, early, issuer) in [
      (try await Installation(), early, "JAMS Local Self-Signed Root CA"), (new, nil, "Next Root"),
    ] as [(Installation, String?, String)] {
      var code = early ?? ""
      if code.isEmpty { code = try await scheduler.code() }
      try agent.folder.write("code", code + "\n", mode: 0o600)
      try await agent.configure("-R", "-s", scheduler.server, "-n", "localhost", "-P", "code")
      #expect(try await agent.configure("-l").contains("CN=\(issuer)"))
    }
    #expect(try await new.attempt("--refresh").end == .exited(0))
    #expect(!scheduler.log.contains("keeps its certificate"), "\(scheduler.log)")
  }

  @Test func whatItDoesIsCounted() async throws {
    let (scheduler, agent) = (try await EnrolmentScheduler(), try await Installation())
    let connector = try scheduler.connector()
    try await agent.enrol(at: scheduler)
    func metrics(_ arguments: [String]) async throws -> ProcessResult {
      try await agent.run(
        ["curl", "-sS", "--noproxy", "*", "--fail", "--cacert", scheduler.folder.path("root.pem")] + arguments
          + ["https://localhost:\(scheduler.port)/metrics"])
    }
    #expect(try await metrics([]).errorText.contains("403"))
    let store = agent.folder.path("store/current")
    let own = try #require(try Folder.names(in: "\(store)/certificates").first)
    #expect(
      try await metrics(["--cert", "\(store)/certificates/\(own)", "--key", "\(store)/keys/\(own)"]).errorText
        .contains("403"))
    let page = try PrometheusText(try await metrics(connector.curlArguments).outputText)
    #expect(page.values["agentd_enrolment_requests_total{resource=\"simpleenroll\",status=\"2xx\"}"] == 1)
    #expect(page.values["agentd_enrolment_requests_total{resource=\"metrics\",status=\"4xx\"}"] == 2)
    #expect(page.values["agentd_scheduler_agent_certificates{state=\"in_force\"}"] == 1)
    #expect(
      page.values["agentd_scheduler_agent_certificate_not_after_timestamp_seconds{subject=\"CN=localhost\"}"] ?? 0
        > Double(time(nil)) + 700 * 86400)
    for role in ["root", "connector"] {
      #expect(
        page.values.keys.contains {
          $0.hasPrefix("agentd_scheduler_certificate_not_after_timestamp_seconds{role=\"\(role)\"")
        })
    }
  }

  @Test func aPortThatIsTakenIsNamed() async throws {
    let scheduler = try await EnrolmentScheduler()
    let second = try await EnrolmentScheduler.start(
      scheduler.folder, "SERVE ENROLMENT /BIND=127.0.0.1 /PORT=\(scheduler.port)"
    ).end()
    #expect(second.end == .exited(EX_UNAVAILABLE))
    #expect(
      second.errorText.contains(
        "cannot listen on 127.0.0.1:\(scheduler.port): Address already in use; "
          + "see what listens there with: ss -ltnp sport = :\(scheduler.port)"), "\(second.errorText)")
  }
}
