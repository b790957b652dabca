// The promise: every relative link in the documents leads to something, with its heading, here and where `make install` puts them; and the
// README is short enough to be read.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct DocumentsHoldTogether {
  @Test func theREADMEIsShort() throws {
    let bytes = try DurableFile.read("\(BuiltProduct.packageFolder)/README.md", limit: 1 << 20)
    #expect(bytes.count <= 8192)
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines.filter { $0.count > 120 } == [])
  }

  @Test func linksOfTheRepositoryResolve() async throws {
    let listed = try await run("git", "ls-files", "*.md", directory: BuiltProduct.packageFolder)
    let files = listed.outputText.split(separator: "\n").map(String.init)
    #expect(files.count > 10, "\(listed.errorText)")
    try expectLinks(of: files, in: BuiltProduct.packageFolder)
  }

  @Test func linksOfAnInstallationResolve() async throws {
    let root = try TemporaryFolder()
    let installed = try await run(
      "make", "--no-print-directory", "install", try InstalledSystem.makeVariables(), "DESTDIR=\(root.path)",
      "PREFIX=/usr", directory: BuiltProduct.packageFolder)
    #expect(installed.end == .exited(0), "\(installed.errorText)")
    let documents = root.path("usr/share/doc/agentd")
    let listed = try await run("find", ".", "-name", "*.md", directory: documents)
    let files = listed.outputText.split(separator: "\n").map { String($0.dropFirst(2)) }
    #expect(files.contains("README.md") && files.contains("docs/guide.md"), "\(listed.errorText)")
    try expectLinks(of: files, in: documents)
  }

  private func expectLinks(of files: [String], in folder: String) throws {
    var count = 0
    for file in files {
      for link in try Self.text("\(folder)/\(file)").matches(of: #/\]\(([^)\s]+)\)/#).map({ String($0.1) })
      where !link.contains("://") && !link.hasPrefix("mailto:") {
        count += 1
        let parts = link.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
        let target = parts[0].isEmpty ? "\(folder)/\(file)" : "\(Path.folder(of: "\(folder)/\(file)"))/\(parts[0])"
        #expect(access(target, R_OK) == 0, "\(file): \(link) leads nowhere")
        if parts.count > 1 { #expect(try Self.anchors(target).contains(parts[1]), "\(file): \(link) has no heading") }
      }
    }
    #expect(count > 15)
  }

  /// What the headings of a document are linked to by, as GitHub makes it of them.
  private static func anchors(_ path: String) throws -> [String] {
    try text(path).split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
      line.drop { $0 == "#" || $0 == " " }.lowercased().replacing(" ", with: "-").filter {
        $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_"
      }
    }
  }

  private static func text(_ path: String) throws -> String {
    String(decoding: try DurableFile.read(path, limit: 1 << 22), as: UTF8.self)
  }
}
