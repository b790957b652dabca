// Goal: a running agentd keeps using the network program with which it was started, whatever an upgrade puts in its place; if it finds the
// program of another build, it does not start, and says so.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct UpgradeDoesNotMixBuilds {
  @Test func aRunningAgentdKeepsItsOwn() async throws {
    let agent = try await installed()
    try await agent.start()
    try await replaceNetwork(in: agent, byOtherBuild: true)
    let first = try await agent.listenerID()
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete")
    try await wait(for: "the next listener alone") { try await agent.listenerID() != first }
    let second = try await agent.listenerID()
    kill(second, SIGKILL)
    try await agent.logLine(with: "listener serves again")
    #expect(try await agent.request("GET", "agent").status == 200)

    try await agent.stop()
    try await refuses(agent)
    try await replaceNetwork(in: agent, byOtherBuild: false)
    try await agent.start()
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  @Test func aMissingOneIsNamed() async throws {
    let agent = try await installed()
    unlink(agent.folder.path("programs/agentd-network"))
    let failed = try await agent.failedStart()
    #expect(failed.end == .exited(EX_OSFILE))
    #expect(
      failed.errorText == "agentd: \(agent.folder.path("programs/agentd-network")): No such file or directory (open)\n")
  }

  private func refuses(_ agent: Installation) async throws {
    let failed = try await agent.failedStart()
    #expect(failed.end == .exited(EX_OSFILE))
    #expect(
      failed.errorText.contains(
        "\(agent.folder.path("programs/agentd-network")): is of another build than this agentd"),
      "\(failed.errorText)")
    #expect(failed.errorText.contains("install both from the same package, then start agentd again"))
    let checked = try await TestProcess(
      ["\(agent.folder.path("bin"))/jams-agentd", "-t"], environment: agent.environment, directory: agent.folder.path
    ).end()
    #expect(
      checked.end == .exited(EX_OSFILE) && checked.errorText.contains("is of another build"), "\(checked.errorText)")
  }

  /// An agent whose programs are copies in a separate folder.
  private func installed() async throws -> Installation {
    let agent = try await Installation()
    try await agent.register()
    try Folder.make(agent.folder.path("programs"), mode: 0o755)
    for program in ["agentd", "agentd-network", "agentd-shepherd"] {
      let copied = try await run("cp", BuiltProduct.path(program), agent.folder.path("programs/\(program)"))
      try #require(copied.end == .exited(0), "\(copied.errorText)")
    }
    try checked("unlink") { unlink(agent.folder.path("bin/jams-agentd")) }
    try checked("symlink") { symlink(agent.folder.path("programs/agentd"), agent.folder.path("bin/jams-agentd")) }
    return agent
  }

  /// Like a package manager. The other build differs only in the text of its identity.
  private func replaceNetwork(in agent: Installation, byOtherBuild: Bool) async throws {
    let script = """
      LC_ALL=C sed 's/ with link contract / with link CONTRACT /' "$1" > "$2.new"
      cmp -s "$1" "$2.new" && exit 1
      \(byOtherBuild ? "" : "cp \"$1\" \"$2.new\"")
      chmod 755 "$2.new" && mv "$2.new" "$2"
      """
    let result = try await run(
      "sh", "-c", script, "sh", BuiltProduct.path("agentd-network"), agent.folder.path("programs/agentd-network"))
    try #require(result.end == .exited(0), "\(result.errorText)")
  }
}
