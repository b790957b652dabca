import Glibc
import TestCertificates
import TestSupport
import Testing

/// The article's commands work as printed.
struct ArticleLines {
  @Test func importAndListen() async throws {
    let host = try ScratchHost(calledAs: "jams-register")
    let files = try BundleFiles()
    try host.folder.write("agentcert.pem", try files.article(), mode: 0o600)
    let terminal = try Terminal(
      [host.programPath, "-I", "agentcert.pem", "-q"], environment: host.environment, directory: host.folder.path)
    try await terminal.see("Private key password: ")
    try terminal.type("secret\n")
    #expect(try await terminal.end() == .exited(0))
    // The next step that it prints is the article's next command, and works.
    try await terminal.see("next:\n")
    let next = try #require(terminal.text.split(separator: "\n").last).split(separator: " ").map(String.init)
    #expect(next.dropLast(3).last == "-t" && next.first == "jams-register" && next.suffix(2) == ["-d", "none"])
    let result = try await host.start(Array(next.dropFirst())).end()
    #expect(result.end == .exited(0), "\(result.errorText)")
    #expect(result.outputText.hasSuffix("agentd is not running: start it with jams-agentd\n"))
    let configured = try host.folder.read("etc/listener.toml")
    #expect(configured.contains("certificate = \"\(next[3])\"\n"))
    #expect(configured.contains("methods = [\"tls\"]\naddresses = [\"0.0.0.0\", \"::\"]\nport = 5773\n"))
  }

  @Test func enDashesAreHyphens() async throws {
    let host = try ScratchHost(calledAs: "jams-register")
    try host.folder.write("agentcert.pem", try BundleFiles().article(), mode: 0o600)
    try host.folder.write("password", "secret\n", mode: 0o600)
    #expect(try await host.register("–I", "agentcert.pem", "–P", "password").end == .exited(0))
    let name = try #require(try host.stored("certificates").first).dropLast(4)
    #expect(try await host.register("–L", "–t", String(name), "–d", "none").end == .exited(0))
    #expect(try host.folder.read("etc/listener.toml").contains(name))
  }

  @Test func thePlaceholderTypedAsItIsPrintedIsExplained() async throws {
    let host = try ScratchHost(calledAs: "jams-register")
    let result = try await host.register("-L", "-t", "<thumbprint>", "-d", "none")
    #expect(result.end == .exited(64))
    #expect(
      result.errorText
        == "jams-register: --thumbprint: <thumbprint> is a placeholder for your certificate's thumbprint, "
        + "which agent-register -l shows\n")
  }
}
