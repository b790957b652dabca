import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// `-L` writes only what a listener can serve with; every refusal is one line and leaves listener.toml unchanged.
struct ListenerCommandTests {
  private let host: ScratchHost
  private let files: BundleFiles

  init() async throws {
    (host, files) = (try ScratchHost(), try BundleFiles())
    try host.folder.write("bundle", try files.bytes(files.listener.bundlePath), mode: 0o600)
    let result = try await host.register("-I", "bundle")
    #expect(result.end == .exited(0), "\(result.errorText)")
  }

  private func digest(_ credential: Credential, _ algorithm: String = "sha256") throws -> String {
    let text = try PKI.shared.openssl(
      "x509", "-in", credential.certificatePath, "-noout", "-fingerprint", "-\(algorithm)")
    return text.split(separator: "=").last.map { $0.filter { $0 != "\n" } } ?? ""
  }

  private func plain(_ thumbprint: String) -> String { thumbprint.filter { $0 != ":" }.lowercased() }

  @Test(arguments: ["sha1", "sha256"]) func everyFormOfAThumbprint(algorithm: String) async throws {
    let digest = try digest(files.listener, algorithm)
    let sha256 = try plain(self.digest(files.listener))
    let forms = [
      [digest], [plain(digest)], [plain(digest).uppercased()], ["\u{200E}\(plain(digest))"],
      [digest.replacing(":", with: " ")], digest.split(separator: ":").map(String.init),
      [String(plain(digest).prefix(8))],
    ]
    for form in forms {
      let result = try await host.start(["-L", "-t"] + form + ["-d", "none"]).end()
      #expect(result.end == .exited(0), "\(form): \(result.errorText)")
      #expect(try host.folder.read("etc/listener.toml").contains("certificate = \"\(sha256)\"\n"))
      unlink(host.folder.path("etc/listener.toml"))
    }
  }

  @Test func addressesAndPort() async throws {
    let thumbprint = try digest(files.listener)
    #expect(try await host.register("-L", "-t", thumbprint).end == .exited(0))
    let result = try await host.register("-L", "-b", "127.0.0.1", "-b", "::1", "-p", "6000")
    #expect(result.end == .exited(0))
    let text = try host.folder.read("etc/listener.toml")
    #expect(text.contains("addresses = [\"127.0.0.1\", \"::1\"]\nport = 6000\n"))
    #expect(text.contains(plain(thumbprint)), "what is not named stays")
  }

  @Test(arguments: [["-d", "none"], ["-d", "sspi"], ["-d", "NONE", "-d", "sspi"], ["-e", "tls"]])
  func switchingOffWhatIsOffChangesNothing(arguments: [String]) async throws {
    #expect(try await host.register("-L", "-p", "6000").end == .exited(0))
    let image = try host.image()
    #expect(try await host.start(["-L"] + arguments).end().end == .exited(0))
    #expect(try host.image() == image)
  }

  @Test(
    arguments: [
      (
        ["-e", "none"], 64, "--enable none: cannot be enabled: every client needs a certificate; the only method is tls"
      ),
      (
        ["-e", "sspi"], 64,
        "--enable sspi: cannot be enabled: there is no Active Directory here; the only method is tls"
      ),
      (["-d", "tls"], 64, "--disable tls: cannot be disabled: there is no other method, so no client could connect"),
      (["-d", "ssl"], 64, "--disable: \"ssl\" is not a method; the methods are tls, sspi and none"),
      (["-p", "0"], 64, "--port: must be from 1 to 65535, not 0"),
      (["-p", "65536"], 64, "--port: must be from 1 to 65535, not 65536"),
      (["-b", "localhost"], 64, "--bind: \"localhost\" is not an IPv4 or IPv6 address, for example 0.0.0.0 or ::"),
      (["-b", "::", "-b", "::"], 64, "--bind: an address is listed twice"),
      (
        ["-t", "1234"], 64,
        "--thumbprint: a thumbprint is 40 or 64 hex digits, or their first 8 or more; this one has 4"
      ),
      (["-t", "00000000"], 65, "thumbprint 00000000 is not in the store; list the store with: agent-register -l"),
    ] as [([String], Int32, String)])
  func isRefused(arguments: [String], status: Int32, message: String) async throws {
    #expect(try await host.register("-L", "-t", try digest(files.listener)).end == .exited(0))
    let image = try host.image()
    // Combined with a valid change, nothing is changed.
    let result = try await host.start(["-L", "-p", "6000"] + arguments).end()
    #expect(result.end == .exited(status))
    #expect(result.errorText == "agent-register: \(message)\n")
    #expect(try host.image() == image)
  }

  @Test func aRootIsNoListenerCertificate() async throws {
    let result = try await host.register("-L", "-t", try digest(files.root))
    #expect(result.end == .exited(65))
    #expect(
      result.errorText == "agent-register: CN=Scheduler Root is a root certificate, not a listener certificate; "
        + "see agent-register -l\n")
  }

  @Test func aKeyThatOthersCanReadIsNotServedWith() async throws {
    let thumbprint = try plain(digest(files.listener))
    let key = host.folder.path("etc/store/generation-1/keys/\(thumbprint).pem")
    chmod(key, 0o644)
    let result = try await host.register("-L", "-t", thumbprint)
    #expect(result.end == .exited(77))
    #expect(
      result.errorText == "agent-register: \(key): a private key that others can read or write (mode 644); "
        + "fix it with: chmod 600 \(key)\n")
    #expect(access(host.folder.path("etc/listener.toml"), F_OK) != 0)
  }

  @Test func aBrokenListenerFileIsNotOverwritten() async throws {
    try host.folder.write("etc/listener.toml", "prot = 1\n")
    let result = try await host.register("-L", "-t", try digest(files.listener))
    #expect(result.end == .exited(78))
    let file = host.folder.path("etc/listener.toml")
    #expect(result.errorText == "agent-register: \(file):1: unknown key \"prot\"; did you mean \"port\"?\n")
    #expect(try host.folder.read("etc/listener.toml") == "prot = 1\n")
  }

  /// A running agentd receives SIGHUP; a shell that holds the pid file as agentd does stands in for it.
  @Test func aRunningAgentIsToldToReload() async throws {
    let script = """
      exec 9<>run/agentd.pid && flock 9 && echo $$ >&9 && trap 'echo reloaded; exit 0' HUP && echo ready
      while :; do sleep 0.05; done
      """
    let agent = try TestProcess(["/bin/sh", "-c", script], directory: host.folder.path)
    try await wait(for: "the pid file") { agent.outputText == "ready\n" }
    let result = try await host.register("-L", "-t", try digest(files.listener))
    #expect(result.outputText.hasSuffix("\nagentd (pid \(agent.handle.processID)) reloads\n"), "\(result.outputText)")
    #expect(try await agent.end().outputText == "ready\nreloaded\n")
  }

  @Test func itIsShownAsJSON() async throws {
    #expect(try await host.register("-L", "-t", try digest(files.listener), "-b", "::1").end == .exited(0))
    let result = try await host.register("-L", "--json")
    let thumbprint = try plain(digest(files.listener))
    #expect(
      result.outputText.filter { !$0.isWhitespace }
        == "{\"addresses\":[\"::1\"],\"certificate\":\"\(thumbprint)\",\"methods\":[\"tls\"],\"port\":5773}")
  }
}
