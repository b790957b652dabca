// Goal: agentd accepts the configuration printed in the guides for users of NRPE or ssh.
import FoundationEssentials
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct MovingGuides {
  @Test(arguments: ["moving-from-nrpe.md", "moving-from-ssh.md"])
  func theRuleIsRead(guide: String) async throws {
    let bytes = try DurableFile.read("\(BuiltProduct.packageFolder)/docs/\(guide)", limit: 1 << 20)
    let text = String(decoding: bytes, as: UTF8.self)
    let rule = try #require(text.firstMatch(of: #/```toml\n((?:.|\n)*?)```/#)?.1)
    let question = try #require(text.firstMatch(of: #/# agentd (-t --as .*)/#)?.1)
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", String(rule))
    let arguments = question.split(separator: " ").map(String.init)
    let result = try await TestProcess([try BuiltProduct.path("agentd"), "-c", file] + arguments).end()
    // Refused if this host lacks the user or the program, but by the intended rule.
    #expect([.exited(EX_OK), .exited(EX_NOPERM)].contains(result.end), "\(result.errorText)")
    #expect(result.outputText.contains("agentd.toml:1"), "\(result.outputText)")
  }
}
