// The vulnerabilities: CVE-2021-20230 and CVE-2008-2420 of stunnel. Some combinations of options disabled the check of a chain or a
// revocation.
// The promise: whatever else is configured, a client that presents nothing, is of another root or is revoked is refused, and a valid one is
// admitted.
import TestCertificates
import TestSupport
import Testing

@Suite struct C19_OptionsDoNotSwitchVerificationOff {
  @Test(
    arguments: ["crl_expired = \"refuse\"", "crl_expired = \"warn\""],
    ["", "connections = 3\nunauthenticated = \"2:100:3\"\n", "handshake_timeout = 600\nidle_timeout = 1\n"])
  func inEachCombination(tls: String, limits: String) async throws {
    let root = try SchedulerCertificates.make().root
    let revoked = try PKI.shared.client("Leaver", by: root)
    let stranger = try PKI.shared.client("Other", by: try PKI.shared.root("Other Root CA"))
    for key in [CertificateRecipe.Key.p256, .rsa2048] {
      let agent = try await Installation(
        configuration: "[tls]\n\(tls)\n[limits]\n\(limits)", listenerKey: key)
      try await agent.register()
      try await agent.configure("-I", try PKI.shared.revocationList(by: root, revoking: [revoked]))
      try await agent.start()
      for version in TLSVersion.allCases {
        for outsider in [Presented.nothing, Presented(stranger), Presented(revoked)] {
          #expect(try await ClientProgram.curl.answer(from: agent, version, presenting: outsider) == "")
        }
        let good = try await ClientProgram.curl.answer(from: agent, version, presenting: agent.certificates.connector)
        #expect(good.hasPrefix("HTTP/2 200"), "\(agent.log)")
      }
      for reason in ["client presented no certificate", "CN=Other Root CA", "was revoked"] {
        try await agent.logLine(with: "connection refused", reason)
      }
    }
  }
}
