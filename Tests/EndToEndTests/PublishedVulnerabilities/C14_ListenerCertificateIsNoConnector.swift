// The vulnerability: CVE-2021-37218 of HashiCorp Nomad. Any certificate of the CA got its owner the role of a server.
// The promise: an agent's own certificate, stolen with its key, does not make a connector: the purpose decides, whoever issued it.
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
}
