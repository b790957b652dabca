// The vulnerability: CVE-2025-55113 of BMC Control-M/Agent. A certificate's e-mail address was compared only up to its first NUL.
// The promise: a certificate with ambiguous names is refused, whoever issued it.
import TestCertificates
import TestSupport
import Testing

@Suite struct C3_NamesAreNeverCut {
  @Test(arguments: TLSVersion.allCases)
  func ambiguousNamesAreRefused(version: TLSVersion) async throws {
    let root = try SchedulerCertificates.make().root
    let agent = try await Installation.running()
    for (name, reason, recipe) in Self.recipes {
      let logged = agent.log.utf8.count
      let presented = Presented(try PKI.shared.issue(recipe, by: root))
      #expect(try await ClientProgram.curl.answer(from: agent, version, presenting: presented) == "", "\(name)")
      let line = try await agent.logLine(with: "connection refused", "has an ambiguous name", after: logged)
      #expect(line.contains(reason), "\(name): \(line)")
    }
  }

  private static let recipes: [(name: String, reason: String, recipe: CertificateRecipe)] = [
    // SEQUENCE { [1] "a@b\0c" }
    (
      "e-mail with NUL", "a NUL character",
      client { $0.extensions = ["subjectAltName = DER:30:07:81:05:61:40:62:00:63"] }
    ),
    // SEQUENCE { [2] "a\0b" }
    ("DNS name with NUL", "a NUL character", client { $0.extensions = ["subjectAltName = DER:30:05:82:03:61:00:62"] }),
    // SEQUENCE { [2] "a" C0 80 }, an overlong NUL
    (
      "overlong UTF-8", "not valid in its encoding",
      client { $0.extensions = ["subjectAltName = DER:30:05:82:03:61:c0:80"] }
    ),
  ]

  private static func client(_ change: (inout CertificateRecipe) -> Void) -> CertificateRecipe {
    CertificateRecipe("/CN=Executor Connector", .client).with(change)
  }
}
