// Goal: a running agentd renews its certificate before it expires, again and again, with a new key each time, unnoticed by its clients; if
// renewal fails, agentd says so and keeps running.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct CertificatesRenewThemselves {
  @Test func againAndAgain() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler("/LIFETIME=40s"))
    try await agent.enrol(at: scheduler)
    let first = try names(agent, "keys")
    try await agent.start()
    var seen = agent.log.utf8.count
    for _ in 0..<2 {
      try await agent.logLine(with: "the listener's certificate is being renewed", after: seen)
      try await agent.logLine(with: "the listener's certificate was renewed", "renewed CN=localhost", after: seen)
      try await agent.logLine(with: "reload complete", after: seen)
      seen = agent.log.utf8.count
      let answer = try await scheduler.ask(agent)
      #expect(answer.outputText.contains("\"running\":0"), "\(answer.errorText) \(agent.log)")
    }
    let page = try PrometheusText(try await scheduler.ask(agent, "../metrics").outputText)
    #expect(try #require(page.values["agentd_certificate_renewals_total{result=\"success\"}"]) >= 2)
    #expect(page.values["agentd_certificate_renewals_total{result=\"failure\"}"] == 0)
    let next = try #require(page.values["agentd_certificate_next_renewal_timestamp_seconds"])
    #expect(abs(next - Double(time(nil))) < 120)
    try await agent.stop()
    // The last certificate in use and its predecessor, each with its own key.
    let last = try names(agent, "keys")
    #expect(last.count <= 2 && !last.contains(first[0]))
    #expect(try names(agent, "certificates") == last)
    let keys = Set(try last.map { try agent.folder.read("store/current/keys/\($0)") })
    #expect(keys.count == last.count)
    #expect(!agent.log.contains("was not renewed") && !agent.log.contains("not in use yet"), "\(agent.log)")
  }

  @Test func aServiceThatIsAwayIsAskedAgain() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler("/LIFETIME=1h"))
    try await agent.enrol(at: scheduler)
    try await scheduler.stop()
    try agent.makeRenewalDue()
    try await agent.start()
    try await agent.logLine(with: "was not renewed", "does SERVE ENROLMENT run there?", "trying again in")
    let answer = try await scheduler.ask(agent)
    #expect(answer.outputText.contains("\"running\":0"), "\(answer.errorText)")
    let page = try PrometheusText(try await scheduler.ask(agent, "../metrics").outputText)
    #expect(try #require(page.values["agentd_certificate_renewals_total{result=\"failure\"}"]) >= 1)
    #expect(page.values["agentd_certificate_renewals_total{result=\"success\"}"] == 0)
  }

  @Test func aRevokedCertificateIsNotRenewed() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler("/LIFETIME=1h"))
    try await agent.enrol(at: scheduler)
    let before = try agent.folder.read("listener.toml")
    let thumbprint = try #require(try names(agent, "certificates").first).dropLast(4)
    try await EnrolmentScheduler.register(scheduler.folder, "REVOKE CERT /THUMBPRINT=\(thumbprint)")
    let refused = try await agent.attempt("--renew")
    #expect(refused.end == .exited(77))
    #expect(refused.errorText.contains("the server does not accept our certificate"), "\(refused.errorText)")
    #expect(try agent.folder.read("listener.toml") == before)
    #expect(try names(agent, "certificates") == ["\(thumbprint).pem"])
  }

  @Test func aBundleIsRenewedWhereTheAgentIsToldTo() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler())
    try scheduler.folder.write("password", "correct horse\n", mode: 0o600)
    try await EnrolmentScheduler.register(
      scheduler.folder,
      "CREATE AGENT LISTENER CERT /FILENAME=agent.pem /PASSWORDFILE=password /AGENTNAME=localhost /PEM /CHAIN")
    try agent.folder.write("agent.pem", try scheduler.folder.read("agent.pem"), mode: 0o600)
    try agent.folder.write("password", "correct horse\n", mode: 0o600)
    try await agent.configure("-I", "agent.pem", "-P", "password")
    let first = try #require(try names(agent, "certificates").first)
    try await agent.configure("-L", "-t", String(first.dropLast(4)), "-s", scheduler.server)
    #expect(try await agent.configure("--renew").contains("renewed CN=localhost"))
    #expect(try names(agent, "certificates").count == 2)
    try await agent.configure("-L", "-s", "none")
    #expect(try await agent.attempt("--renew").errorText.contains("no enrolment service is configured"))
  }

  private func names(_ agent: Installation, _ kind: String) throws -> [String] {
    try Folder.names(in: agent.folder.path("store/current/\(kind)"))
  }
}
