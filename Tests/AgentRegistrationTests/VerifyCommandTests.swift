import Glibc
import TestCertificates
import TestSupport
import Testing

/// `-V` says of a file what the listener will say of the client.
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
    #expect(matches(lines[1], "  CN=connector, valid to 20*Z"))
    #expect(matches(lines[2], "    issued by CN=Scheduler Root, valid to 20*Z"))
    #expect(try host.image() == image)
  }

  /// A bundle with its key, encrypted or not, needs no password: the key is not looked at.
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
    #expect(accepted.outputText.filter { !$0.isWhitespace } == "{\"accepted\":true,\"reason\":null}")
    let stranger = try files.pki.client("connector", by: files.pki.root("Other Root"))
    let refused = try await host.register("-V", stranger.chainPath, "--json")
    #expect(refused.end == .exited(1))
    #expect(
      matches(refused.outputText.filter { $0 != "\n" }, "*\"accepted\" : false,*\"reason\" : \"client certificate *"))
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
