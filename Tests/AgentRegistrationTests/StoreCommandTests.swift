import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// `-l`, `-x` and `-E`: list the store, remove from it, and export without the key.
struct StoreCommandTests {
  private let host: ScratchHost
  private let files: BundleFiles

  init() async throws {
    (host, files) = (try ScratchHost(), try BundleFiles())
    let leaf = try files.pki.server("agent02", by: files.intermediate)
    try host.folder.write("bundle", try files.bytes(leaf.bundlePath), mode: 0o600)
    #expect(try await host.register("-I", "bundle").end == .exited(0))
  }

  private func name(_ kind: String) throws -> String { String(try #require(try host.stored(kind).first).dropLast(4)) }

  /// The thumbprint of the certificate whose key is stored.
  private func listener() throws -> String { try name("keys") }

  @Test func theListNamesWhatIsThere() async throws {
    #expect(try await host.register("-L", "-t", try listener()).end == .exited(0))
    let text = try await host.register("-l").outputText
    let subjects = text.split(separator: "\n").filter { !$0.hasPrefix(" ") }.map(String.init)
    #expect(
      subjects == [
        "listener      CN=agent02  (in use)", "root          CN=Scheduler Root  (in use)",
        "intermediate  CN=Scheduler Intermediate  (in use)",
      ])
    #expect(text.contains("  names       agent02, localhost, 127.0.0.1, ::1\n"))
    #expect(text.contains("  key         P-256, private key in the store\n"))
    #expect(text.contains("  SHA-256     \(try listener())\n"))
  }

  @Test func theListAsJSON() async throws {
    let text = try await host.register("-l", "--json").outputText
    let expected = #"""
      "has_key":true,"in_use":false,"names":["agent02","localhost","127.0.0.1","::1"],"not_after":"20*Z","not_before":"20*Z",
      "role":"listener","subject":"CN=agent02","thumbprint_sha1":"*","thumbprint_sha256":"\#(try listener())"
      """#
    #expect(matches(text.filter { !" \n".contains($0) }, "*{\(expected.filter { $0 != "\n" })}*"), "\(text)")
  }

  @Test func anEmptyStoreSaysSo() async throws {
    let empty = try ScratchHost()
    let result = try await empty.register("-l")
    #expect(
      result.outputText
        == "\(empty.folder.path("etc/store")): empty; import a certificate with: agent-register -I FILE -q\n")
    #expect(try await empty.register("-l", "--json").outputText.filter { !$0.isWhitespace } == "[]")
  }

  @Test func whatTheListenerUsesIsNotRemoved() async throws {
    #expect(try await host.register("-L", "-t", try listener()).end == .exited(0))
    let image = try host.image()
    for thumbprint in [try listener(), try name("roots")] {
      let result = try await host.register("-x", thumbprint)
      #expect(result.end == .exited(78))
      #expect(
        matches(
          result.errorText,
          "agent-register: CN=* is in use by the listener; choose another certificate first with agent-register -L -t "
            + "THUMBPRINT, or use --force\n"))
      #expect(try host.image() == image)
    }
    let forced = try await host.register("-x", try listener(), "--force")
    #expect(forced.end == .exited(0))
    #expect(forced.errorText.contains("warning: the listener's certificate needs it"))
    #expect(try host.stored("keys").isEmpty)
  }

  @Test func aCertificateGoesWithItsKey() async throws {
    let result = try await host.register("-x", String(try listener().prefix(8)).uppercased())
    #expect(result.end == .exited(0))
    #expect(result.outputText.hasPrefix("removed listener CN=agent02 (SHA-256 "))
    #expect(try host.stored("keys").isEmpty)
    #expect(try host.stored("certificates").count == 1)
    #expect(try host.stored("roots").count == 1)
  }

  @Test func theExportIsAChainThatOpenSSLVerifies() async throws {
    let result = try await host.register("-E", try listener(), "-o", "chain.pem")
    #expect(result.end == .exited(0))
    let chain = try host.folder.read("chain.pem")
    #expect(chain.components(of: "-----BEGIN CERTIFICATE-----") == 3)
    #expect(!chain.contains("PRIVATE KEY"))
    #expect(try await host.register("-E", try listener()).outputText == chain)
    let verdict = try OpenSSLTool.run(
      ["verify", "-CAfile", files.root.certificatePath, "-untrusted", host.folder.path("chain.pem")]
        + [host.folder.path("chain.pem")], scratch: files.pki.folder)
    #expect(verdict.hasSuffix(": OK\n"))
  }

  @Test func anExportThatCannotBeWrittenSaysSo() async throws {
    let result = try await host.register("-E", try listener(), "-o", "missing/chain.pem")
    #expect(result.end == .exited(73))
    #expect(result.errorText == "agent-register: missing/chain.pem: No such file or directory\n")
  }

  @Test func theSourceIsRemovedWhenAskedFor() async throws {
    let image = try host.image()
    let result = try await host.register("-I", "bundle", "--remove-source")
    #expect(result.end == .exited(0))
    #expect(!result.errorText.contains("private key"))
    #expect(access(host.folder.path("bundle"), F_OK) != 0)
    #expect(try host.image() == image)
  }

  @Test(arguments: [(mode_t(0o600), ""), (0o644, "can be read by others (mode 644) and ")])
  func itWarnsOfTheKeyInTheFile(mode: mode_t, readers: String) async throws {
    chmod(host.folder.path("bundle"), mode)
    let result = try await host.register("-I", "bundle")
    #expect(
      result.errorText.hasSuffix(
        "agent-register: warning: bundle: \(readers)still holds the private key, unencrypted; "
          + "delete it, or import with --remove-source\n"))
  }
}

extension String {
  fileprivate func components(of separator: String) -> Int { ranges(of: separator).count }
}
