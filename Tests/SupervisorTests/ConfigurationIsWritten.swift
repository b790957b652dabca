// Goal: agentd -C gives an administrator a configuration file to start with, which agentd accepts, and never replaces an existing one.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct ConfigurationIsWritten {
  private func agentd(_ arguments: String...) async throws -> ProcessResult {
    try await TestProcess([try BuiltProduct.path("agentd")] + arguments, environment: ["HOME": "/nonexistent"]).end()
  }

  @Test func toAFileAndToStandardOutput() async throws {
    let folder = try TemporaryFolder()
    let file = folder.path("agentd.toml")
    let written = try await agentd("-C", file)
    #expect(written.end == .exited(EX_OK) && written.outputText.contains(file), "\(written.errorText)")
    let printed = try await agentd("-C", "-")
    #expect(printed.end == .exited(EX_OK))
    #expect(try folder.read("agentd.toml") == printed.outputText)
    #expect(
      printed.outputText
        == String(
          decoding: try DurableFile.read("\(BuiltProduct.packageFolder)/etc/agentd.toml", limit: 1 << 20), as: UTF8.self
        ))
    let taken = try await agentd("-t", "-c", file, "--as", "CN=scheduler", "--", "/usr/bin/sort")
    #expect(taken.end == .exited(EX_OK), "\(taken.errorText)")
  }

  @Test func whatIsThereStays() async throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", "[jobs]\nmax_running = 3\n")
    try checked("symlink") { symlink("nowhere", folder.path("link")) }
    for path in [file, folder.path("link")] {
      let result = try await agentd("-C", path)
      #expect(result.end == .exited(EX_CANTCREAT))
      #expect(result.errorText.contains("\(path): already exists"), "\(result.errorText)")
    }
    #expect(try folder.read("agentd.toml") == "[jobs]\nmax_running = 3\n")
    #expect(try Folder.names(in: folder.path).sorted() == ["agentd.toml", "link"])
  }

  @Test func aFolderThatIsMissingIsNamed() async throws {
    let result = try await agentd("-C", "/nonexistent/agentd.toml")
    #expect(result.end == .exited(EX_CANTCREAT) && result.outputText.isEmpty)
    #expect(result.errorText == "agentd: /nonexistent: No such file or directory (open)\n")
  }

  @Test func itGoesAlone() async throws {
    let result = try await agentd("-C", "-", "-F")
    #expect(result.end == .exited(EX_USAGE) && result.outputText.isEmpty)
  }
}
