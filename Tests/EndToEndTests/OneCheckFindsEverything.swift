// Goal: `agentd -t` names everything that is wrong in one go: in both files; and, if they are right, with users and store.
import Glibc
import TestSupport
import Testing

@Suite struct OneCheckFindsEverything {
  private func check(_ agent: Installation) async throws -> ProcessResult {
    try await TestProcess(
      [agent.folder.path("bin/jams-agentd"), "-t"], environment: agent.environment, directory: agent.folder.path
    ).end()
  }

  @Test func inBothFiles() async throws {
    let agent = try await Installation(
      configuration: "[jobs]\nmax_runing = 3\numask = 22\n[limits]\nidle_timeout = \"x\"\n")
    try agent.folder.write("listener.toml", "prot = 1\n")
    let refused = try await check(agent)
    let lines = refused.errorText.split(separator: "\n")
    for (line, part) in zip(
      lines, ["unknown key \"max_runing\"", "umask must be", "idle_timeout must be", "unknown key \"prot\""])
    {
      #expect(line.hasPrefix("agentd: /") && line.contains(part), "\(line)")
    }
    #expect(lines.count == 4 && refused.end == .exited(EX_CONFIG))
  }

  @Test(.enabled(if: isRoot)) func ofTheHost() async throws {
    let agent = try await Installation(users: "listener_user = \"no-such-user\"")
    let refused = try await check(agent)
    #expect(refused.errorText.contains("agentd: listener_user: there is no user no-such-user\n"))
    #expect(refused.errorText.contains("the certificate store is empty\n") && refused.end == .exited(EX_CONFIG))
    let good = try await Installation()
    try await good.register()
    let valid = try await check(good)
    #expect(valid.outputText.hasPrefix("agentd: configuration is valid") && valid.end == .exited(0))
  }
}
