// The vulnerability: CVE-2025-15346 of wolfSSL's Python module. A required certificate could be omitted.
// The promise: a client that presents none (its Certificate message is empty) gets no byte of application data, in either version of TLS.
import TestSupport
import Testing

@Suite struct C22_ClientCertificateIsRequired {
  @Test(arguments: ClientProgram.small, TLSVersion.allCases)
  func noneIsRefused(program: ClientProgram, version: TLSVersion) async throws {
    let agent = try await Installation.running()
    #expect(try await program.answer(from: agent, version, presenting: .nothing) == "")
    try await agent.logLine(with: "connection refused", "client presented no certificate")
    #expect(try await agent.request("GET", "agent").status == 200)
  }
}
