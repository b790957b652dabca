// Goal: every TLS library on which a scheduler may be built gets an answer with a valid certificate, and none without a certificate or with
// a stranger's, in both versions of TLS.
import TestCertificates
import TestSupport
import Testing

@Suite struct InteroperationOfLibraries {
  @Test(arguments: ClientProgram.small, TLSVersion.allCases)
  func small(program: ClientProgram, version: TLSVersion) async throws {
    try await getsInWithTheRightCertificateAlone(program, version)
  }

  @Test(
    .enabled(if: CompiledClients.areWanted, "\(CompiledClients.reason)"), arguments: ClientProgram.compiled,
    TLSVersion.allCases)
  func compiled(program: ClientProgram, version: TLSVersion) async throws {
    try await getsInWithTheRightCertificateAlone(program, version)
  }

  private func getsInWithTheRightCertificateAlone(_ program: ClientProgram, _ version: TLSVersion) async throws {
    let agent = try await Installation.running()
    let stranger = Presented(try PKI.shared.client("Stranger", by: try PKI.shared.root("Other Root CA")))
    let refusals = [
      (Presented.nothing, "client presented no certificate"),
      (stranger, "CN=Other Root CA is neither imported here nor sent"),
    ]
    for (presented, reason) in refusals {
      let logged = agent.log.utf8.count
      #expect(try await program.answer(from: agent, version, presenting: presented) == "")
      let line = try await agent.logLine(with: "connection refused", "127.0.0.1", after: logged)
      let withheld = !program.sendsUnwantedCertificates && line.contains("client presented no certificate")
      #expect(line.contains(reason) || withheld, "\(line)")

      let good = try await program.answer(from: agent, version, presenting: agent.certificates.connector)
      #expect(good.hasPrefix(program.success), "\(good) \(agent.log)")
    }
  }
}
