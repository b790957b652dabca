// Goal: the scanners that auditors use find nothing below their best class, except what a private CA and client certificates entail.
import FoundationEssentials
import TestCertificates
import TestSupport
import Testing

@Suite(.enabled(if: CompiledClients.areWanted, "'make interop' installs the scanners and runs them"))
struct InteroperationWithScanners {
  private static let keys: [CertificateRecipe.Key] = [.p256, .rsa2048]

  /// What testssl.sh objects to in any agentd, and why that is acceptable.
  private static let unavoidable = [
    "engine_problem": "of the scanner's own openssl, not of the server",
    "cert_revocation": "a private CA needs no address for its lists: they are imported into each agent",
    "DNS_CAArecord": "which public CA may issue for a name; no public CA does",
    "scanProblem": "without a client certificate there is no HTTP to look at",
  ]
  /// Its message where it would have to be admitted first. sslscan, which has a certificate, tests renegotiation below.
  private static let untestable = "client x509-based authentication prevents this from being tested"

  @Test(arguments: keys) func testssl(key: CertificateRecipe.Key) async throws {
    let agent = try await Installation.running(listenerKey: key)
    let report = agent.folder.path("testssl.json")
    // Its exit code counts findings, including those that are accepted below.
    let scan = try await TestProcess(
      ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--jsonfile", report]
        + ["--add-ca", agent.certificates.rootPath, "--ip", "127.0.0.1", "localhost:\(agent.port)"],
      environment: agent.environment.merging(["TERM": "dumb"]) { $1 }, directory: agent.folder.path
    ).end(within: .seconds(600))
    let findings = try JSONDecoder().decode([Finding].self, from: Data(try agent.folder.read("testssl.json").utf8))
    let objections = findings.filter { !["OK", "INFO", "DEBUG"].contains($0.severity) }
      .filter { Self.unavoidable[$0.id] == nil && $0.finding != Self.untestable }
    #expect(objections == [], "\(scan.outputText)")

    // It examined what it had to judge.
    let good = Set(findings.filter { $0.severity == "OK" }.map(\.id))
    #expect(good.isSuperset(of: ["SSLv3", "TLS1_3", "cipherlist_STRONG", "secure_renego", "PFS", "heartbleed"]))
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  private struct Finding: Decodable, Equatable {
    let id: String
    let severity: String
    let finding: String
  }

  @Test(arguments: keys) func sslscan(key: CertificateRecipe.Key) async throws {
    let agent = try await Installation.running(listenerKey: key)
    let files = try #require(agent.certificates.connector.files)
    let scan = try await TestProcess(
      [
        "sslscan", "--no-colour", "--xml=-", "--certs=\(files.chain)", "--pk=\(files.key)", "localhost:\(agent.port)",
      ], environment: agent.environment
    ).end(within: .seconds(300))
    let elements = scan.outputText.split(separator: "\n").map { Element($0) }

    let protocols = elements.filter { $0.name == "protocol" && $0["enabled"] == "1" }
    #expect(protocols.map { $0["version"] } == ["1.2", "1.3"])
    let suites = elements.filter { $0.name == "cipher" }
    // It considers suites strong that have DHE in their name; those of TLS 1.3 do not, and it calls them acceptable.
    #expect(suites.count { $0["sslversion"] == "TLSv1.3" } == 3)
    #expect(suites.count { $0["sslversion"] == "TLSv1.2" } == 3)
    #expect(suites.allSatisfy { $0["sslversion"] == "TLSv1.3" || $0["strength"] == "strong" }, "\(scan.outputText)")
    #expect(elements.contains { $0.name == "renegotiation" && $0["supported"] == "0" })
    #expect(elements.filter { $0.name == "heartbleed" }.allSatisfy { $0["vulnerable"] == "0" })
    #expect(!elements.contains { $0.name == "compression" && $0["supported"] == "1" })
    #expect(!elements.contains { $0.name == "pk" && $0["error"] == "true" })
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  /// A line of sslscan's XML, which has one element per line.
  private struct Element {
    let name: Substring
    private let line: Substring

    init(_ line: Substring) {
      self.line = line
      name = line.drop { $0 == " " || $0 == "<" }.prefix { $0 != " " && $0 != ">" }
    }

    subscript(attribute: String) -> Substring? {
      line.firstRange(of: " \(attribute)=\"").map { line[$0.upperBound...].prefix { $0 != "\"" } }
    }
  }
}
