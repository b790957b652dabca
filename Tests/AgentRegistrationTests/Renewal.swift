import Glibc
import TestCertificates
import TestSupport
import Testing

/// A renewed certificate is imported next to the old one, which is served until the new one is selected.
struct Renewal {
  private let host: ScratchHost
  private let files: BundleFiles

  init() async throws {
    (host, files) = (try ScratchHost(), try BundleFiles())
    try host.folder.write("bundle", try files.bytes(files.listener.bundlePath), mode: 0o600)
    #expect(try await host.register("-I", "bundle").end == .exited(0))
    let name = try #require(try host.stored("keys").first).dropLast(4)
    #expect(try await host.register("-L", "-t", String(name)).end == .exited(0))
  }

  @Test func theNextCommandChoosesTheNewOne() async throws {
    let before = try host.folder.read("etc/listener.toml")
    // The root need not be included again.
    let renewed = try files.server("agent01") { $0.variant = 1 }
    try host.folder.write("renewed", try renewed.keyPEM + renewed.certificatePEM, mode: 0o600)
    let result = try await host.register("-I", "renewed")
    #expect(result.end == .exited(0), "\(result.errorText)")
    #expect(result.outputText.contains("\nroot          CN=Scheduler Root  (already there, in use)\n"))
    #expect(try host.folder.read("etc/listener.toml") == before)
    let next = try #require(result.outputText.split(separator: "\n").last).split(separator: " ").map(String.init)
    #expect(try await host.start(Array(next.dropFirst())).end().end == .exited(0))
    #expect(try host.folder.read("etc/listener.toml") != before)
    // Now the old one can be removed.
    let old = before.split(separator: "\"")[1]
    #expect(try await host.register("-x", String(old)).end == .exited(0))
    #expect(try host.stored("keys").count == 1)
  }

  @Test func aCertificateWhoseKeyIsStoredMayComeAlone() async throws {
    let image = try host.image()
    #expect(try await host.register("-I", files.listener.certificatePath).end == .exited(0))
    #expect(try host.image() == image)
  }

  @Test func oneThatExpiresSoonOrIsNotYetValidIsImportedWithAWarning() async throws {
    let soon = try files.server("soon") { $0.notAfter = 10 * 86400 + 600 }
    try host.folder.write("soon", try files.bytes(soon.bundlePath), mode: 0o600)
    let first = try await host.register("-I", "soon")
    #expect(first.end == .exited(0))
    #expect(matches(first.errorText, "*: warning: soon: CN=soon expires in 10 days, at 20*Z\n*"), "\(first.errorText)")
    let later = try files.server("later") { $0.notBefore = 7200 }
    try host.folder.write("later", try files.bytes(later.bundlePath), mode: 0o600)
    let second = try await host.register("-I", "later")
    #expect(second.end == .exited(0))
    #expect(
      matches(second.errorText, "*: warning: later: CN=later is not valid before 20*Z; check this host's clock\n*"))
    // It can be stored, but not served yet.
    let digest = try files.pki.openssl("x509", "-in", later.certificatePath, "-noout", "-fingerprint", "-sha1")
    let before = try host.image()
    let refused = try await host.register("-L", "-t", String(digest.split(separator: "=")[1].dropLast()))
    #expect(refused.end == .exited(65))
    #expect(
      matches(
        refused.errorText,
        "agent-register: certificate CN=later is not valid before 20*Z; check this host's clock, or wait\n"))
    #expect(try host.image() == before)
  }

  @Test func aListenerFileThatCannotBeWrittenStays() async throws {
    let before = try host.image()
    try host.folder.write(
      "agentd.toml", "[paths]\nstore = \"etc/store\"\nlistener = \"agentd.toml/listener.toml\"\nruntime = \"run\"\n")
    let result = try await host.register("-L", "-p", "6000")
    #expect(result.end != .exited(0))
    #expect(result.errorText.split(separator: "\n").count == 1)
    #expect(try host.image() == before)
  }
}
