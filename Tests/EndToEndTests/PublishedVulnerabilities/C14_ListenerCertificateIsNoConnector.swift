// The vulnerability: CVE-2021-37218 of HashiCorp Nomad. Any certificate of the CA gave its owner the role of a server.
// The promise: an agent's own certificate, stolen with its key, cannot act as a connector: the purpose decides, whoever issued it.
import TestCertificates
import TestSupport
import Testing

@Suite struct C14_ListenerCertificateIsNoConnector {
  @Test(arguments: TLSVersion.allCases)
  func isRefused(version: TLSVersion) async throws {
    let agent = try await Installation.running()
    let stolen = Presented(agent.certificates.listener)
    for program in [ClientProgram.openssl, .curl, .python] {
      let logged = agent.log.utf8.count
      #expect(try await program.answer(from: agent, version, presenting: stolen) == "")
      let line = try await agent.logLine(with: "connection refused", after: logged)
      #expect(line.contains("CN=AGENT01") && line.contains("is not for clients"), "\(line)")
    }
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  /// Neither the certificate from an enrolment nor its renewal, which names its new key itself.
  @Test(arguments: [false, true]) func neitherEnrolledNorRenewed(isRenewed: Bool) async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler("/LIFETIME=1h"))
    try await agent.enrol(at: scheduler)
    let first = try inUse(agent)
    if isRenewed {
      try await agent.configure("--renew")
      #expect(try inUse(agent) != first)
    }
    try await agent.start()
    let files = try ["certificates", "keys"].map { agent.folder.path("store/current/\($0)/\(try inUse(agent)).pem") }
    let stolen = Presented(files: (files[0], files[1]))
    for version in TLSVersion.allCases {
      let logged = agent.log.utf8.count
      let options = ["--cacert", scheduler.folder.path("root.pem")] + stolen.curlArguments
      let versions = ["--tlsv1.\(version.minor)", "--tls-max", "1.\(version.minor)"]
      let answer = try await agent.run(
        ["curl", "--silent", "--noproxy", "*"] + options + versions + ["\(agent.url)/agent"])
      #expect(answer.end != .exited(0) && answer.outputText == "", "\(answer)")
      let line = try await agent.logLine(with: "connection refused", after: logged)
      #expect(line.contains("CN=localhost") && line.contains("is not for clients"), "\(line)")
    }
    #expect(try await scheduler.ask(agent).outputText.contains("\"running\":0"))
  }

  /// The thumbprint of the listener's certificate.
  private func inUse(_ agent: Installation) throws -> String {
    let line = try agent.folder.read("listener.toml").split(separator: "\n").first { $0.contains("certificate") }
    return try #require(line?.split(separator: "\"").last.map(String.init))
  }
}
