// The complaint: puppetlabs/puppet PR#3700, spacewalk PR#573: an upgrade of the agent kills the processes that it runs, including the
// upgrade itself.
// The promise: the programs are replaced by another build and agentd is restarted; the job keeps running, and its output and exit code
// arrive.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct Complaint21_UpgradeLeavesJobsRunning {
  @Test func aJobOutlivesTheUpgrade() async throws {
    let agent = try await Installation()
    try await agent.register()
    try Folder.make(agent.folder.path("programs"), mode: 0o755)
    try await install(in: agent)
    try checked("unlink") { unlink(agent.folder.path("bin/jams-agentd")) }
    try checked("symlink") { symlink(agent.folder.path("programs/agentd"), agent.folder.path("bin/jams-agentd")) }
    try await agent.start()
    try await agent.submit(
      "steady", ["/bin/sh", "-c", "echo before; read line < go; echo after; exit 9"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.request("GET", "jobs/steady/output").text == "before\n" }
    let shepherds = agent.shepherds

    try await install(in: agent)
    try await agent.stop()
    try await agent.start()
    #expect(agent.shepherds == shepherds)
    #expect(try await agent.job("steady").state == .running)
    #expect(try await agent.finish("next", ["/bin/echo", "new"]).output == "new\n")
    try await agent.openGate("go")
    let ended = try await agent.job("steady", wait: 60)
    #expect(ended.state == .failed && ended.exitCode == 9)
    #expect(try await agent.request("GET", "jobs/steady/output").text == "before\nafter\n")
  }

  /// Like a package manager: a new file is moved over the old one. Each build differs from the one before.
  private func install(in agent: Installation) async throws {
    for program in ["agentd", "agentd-network", "agentd-shepherd"] {
      let target = agent.folder.path("programs/\(program)")
      let script = "cp \"$1\" \"$2.new\" && date +%N >> \"$2.new\" && mv \"$2.new\" \"$2\""
      let result = try await run("sh", "-c", script, "sh", BuiltProduct.path(program), target)
      try #require(result.end == .exited(0), "\(result.errorText)")
    }
  }
}
