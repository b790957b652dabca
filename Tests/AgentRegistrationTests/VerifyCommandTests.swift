import FoundationEssentials
import Glibc
import TestCertificates
import TestSupport
import Testing

/// `-V` gives the same verdict on a file as the listener gives on the client.
struct VerifyCommandTests {
  private let host: ScratchHost
  private let files: BundleFiles

  init() async throws {
    (host, files) = (try ScratchHost(), try BundleFiles())
    #expect(try await host.register("-I", files.root.certificatePath).end == .exited(0))
  }

  @Test func aClientOfTheRootIsAccepted() async throws {
    let client = try files.pki.client("connector", by: files.root)
    let image = try host.image()
    let result = try await host.register("-V", client.chainPath)
    #expect(result.end == .exited(0), "\(result.errorText)")
    let lines = result.outputText.split(separator: "\n").map(String.init)
    #expect(lines.count == 3)
    #expect(matches(lines[0], "accepted: CN=connector would be let in at 20*Z"))
    #expect(
      matches(lines[1], "CN=Scheduler Root (sha256 *…, P-256, 20*Z to 20*Z): ok, imported root"))
    #expect(matches(lines[2], "└─ CN=connector (sha256 *…, P-256, 20*Z to 20*Z): ok"))
    #expect(try host.image() == image)
  }

  /// A bundle with a key, encrypted or not, needs no password: the key is not read.
  @Test func theKeyIsNotAskedFor() async throws {
    let client = try files.pki.client("connector", by: files.root)
    try host.folder.write("bundle", try files.encryptedKey(of: client) + client.certificatePEM)
    #expect(try await host.register("-V", "bundle").end == .exited(0))
  }

  @Test func aStrangerIsRefused() async throws {
    let stranger = try files.pki.client("connector", by: files.pki.root("Other Root"))
    let result = try await host.register("-V", stranger.chainPath)
    #expect(result.end == .exited(1))
    #expect(result.outputText.hasPrefix("refused: client certificate CN=connector "))
    #expect(result.errorText.isEmpty)
    let lines = result.outputText.split(separator: "\n").map(String.init)
    #expect(lines.count == 3)
    #expect(lines[1] == "CN=Other Root: is neither imported here nor in the file")
    #expect(matches(lines[2], "└─ CN=connector (*): has no known issuer: *"))
  }

  /// Each link of the chain has its own verdict with all the rules it violates, not only the first one.
  @Test func everyLinkOfARefusedChainIsJudged() async throws {
    let old = try files.pki.issue(
      CertificateRecipe("/CN=Old CA", .authority).with { ($0.notBefore, $0.notAfter) = (-864_000, -259_201) },
      by: files.root)
    let sound = try files.pki.intermediate("Sound CA", by: old)
    let client = try files.pki.issue(
      CertificateRecipe("/CN=connector", .server).with { $0.digest = "sha1" }, by: sound)
    let result = try await host.register("-V", client.chainPath)
    #expect(result.end == .exited(1))
    let lines = result.outputText.split(separator: "\n").map(String.init)
    #expect(lines.count == 5)
    #expect(matches(lines[0], "refused: client certificate CN=connector * is signed with too weak a digest*"))
    #expect(matches(lines[1], "CN=Scheduler Root (*): ok, imported root"))
    #expect(matches(lines[2], "└─ CN=Old CA (*): expired 3 days ago (20*): issue a new one"))
    #expect(matches(lines[3], "   └─ CN=Sound CA (*): ok"))
    #expect(
      matches(
        lines[4], "      └─ CN=connector (*): is signed with too weak a digest: *; is not for clients: its extended*"))
  }

  @Test func theForeignRootInTheFileIsALinkOfTheTree() async throws {
    let root = try files.pki.root("Other Root")
    let client = try files.pki.client("connector", by: root)
    try host.folder.write("client.pem", try client.certificatePEM + root.certificatePEM)
    let lines = try await host.register("-V", "client.pem").outputText.split(separator: "\n").map(String.init)
    #expect(lines.count == 3)
    #expect(matches(lines[1], "CN=Other Root (*): is not imported here: *"))
    #expect(matches(lines[2], "└─ CN=connector (*): ok"))
  }

  @Test func theTimeDecides() async throws {
    let client = try files.pki.client("connector", by: files.root)
    #expect(try await host.register("-V", client.chainPath, "--at", "2099-12-31").end == .exited(1))
    #expect(try await host.register("-V", client.chainPath, "--at", "2001-01-01T00:00:00Z").end == .exited(1))
    var now = time(nil) + 3600
    var parts = tm()
    gmtime_r(&now, &parts)
    let day = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):00:00Z"
    #expect(try await host.register("-V", client.chainPath, "--at", day).end == .exited(0))
  }

  @Test func aRevokedClientIsRefused() async throws {
    let client = try files.pki.client("revoked", by: files.root)
    let list = try files.pki.revocationList(by: files.root, revoking: [client])
    #expect(try await host.register("-V", client.chainPath).end == .exited(0))
    #expect(try await host.register("-I", list).end == .exited(0))
    #expect(try await host.register("-V", client.chainPath).end == .exited(1))
  }

  @Test func theAnswerAsJSON() async throws {
    let client = try files.pki.client("connector", by: files.root)
    let accepted = try await host.register("-V", client.chainPath, "--json")
    let answer = try JSONDecoder().decode(Answer.self, from: Data(accepted.output))
    #expect(answer.accepted && answer.reason == nil && answer.rule == nil)
    #expect(answer.links.map(\.role) == ["root", "client"])
    #expect(answer.links.map(\.subject) == ["CN=Scheduler Root", "CN=connector"])
    #expect(answer.links.map(\.key) == ["P-256", "P-256"])
    #expect(answer.links.allSatisfy { $0.accepted && $0.reasons.isEmpty && $0.rules.isEmpty })
    #expect(answer.links.allSatisfy { $0.thumbprint_sha256?.count == 64 })

    let stranger = try files.pki.client("connector", by: files.pki.root("Other Root"))
    let refused = try await host.register("-V", stranger.chainPath, "--json")
    #expect(refused.end == .exited(1))
    let reason = try JSONDecoder().decode(Answer.self, from: Data(refused.output))
    #expect(!reason.accepted && reason.rule == "missing_issuer")
    #expect(reason.reason?.hasPrefix("client certificate CN=connector ") == true)
    #expect(reason.links.map(\.role) == ["missing", "client"])
    #expect(reason.links.map(\.accepted) == [false, false])
    #expect(reason.links[0].thumbprint_sha256 == nil && reason.links[0].key == nil)
    #expect(reason.links[1].rules == ["missing_issuer"])
  }

  private struct Answer: Decodable {
    struct Link: Decodable {
      let role: String
      let subject: String
      let key: String?
      let thumbprint_sha256: String?
      let accepted: Bool
      let rules: [String]
      let reasons: [String]
    }

    let accepted: Bool
    let reason: String?
    let rule: String?
    let links: [Link]
  }

  @Test func aFileWithoutCertificateIsNoClient() async throws {
    let result = try await host.register("-V", files.listener.keyPath)
    #expect(result.end == .exited(65))
    #expect(
      result.errorText.hasSuffix(
        ": holds no certificate; name the file with the client's certificate and its chain\n"))
  }

  private func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
