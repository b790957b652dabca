// Goal: root sees on the host itself what runs there, as whom, since when and by which client, without a certificate; nobody else does.
import Glibc
import TestSupport
import Testing

@Suite struct WhatRunsHereIsShown {
  private func status(_ agent: Installation, _ before: [String] = []) async throws -> ProcessResult {
    try await TestProcess(
      before + [agent.folder.path("bin/jams-agentd"), "--status"], environment: agent.environment,
      directory: agent.folder.path
    ).end()
  }

  @Test func jobsWithUserTimeAndClient() async throws {
    let agent = try await Installation.running()
    let idle = try await status(agent)
    #expect(idle.outputText.hasPrefix("agentd ") && idle.outputText.contains("; 0 running, 0 queued\n"))
    #expect(idle.outputText.contains("serves at 127.0.0.1:\(agent.port) since 20") && idle.end == .exited(0))
    for id in ["one", "two"] {
      let submitted = try await TestProcess(
        agent.agentctl("submit", "--id", id, "--", "/bin/sleep", "600"), environment: agent.environment
      ).end()
      #expect(submitted.end == .exited(0))
    }
    let job = try await agent.job("one")
    let shown = try await status(agent).outputText.split(separator: "\n")
    #expect(shown.count == 4 && shown[0].contains("2 running, 0 queued"))
    #expect(shown[1].split(separator: " ") == ["ID", "USER", "SINCE", "CLIENT", "COMMAND"])
    let one = try #require(shown.first { $0.hasPrefix("one ") })
    #expect(one.contains("  \(job.user)  20") && one.contains("  \(job.client.subject)  /bin/sleep 600"))
    // After a restart as before.
    try await agent.stop()
    let away = try await status(agent)
    #expect(away.outputText.hasPrefix("agentd is not running") && away.end == .exited(3))
    try await agent.start()
    #expect(try await status(agent).outputText.contains("2 running"))
    try await agent.stop(SIGKILL)
    #expect(try await status(agent).end == .exited(3))
    try await agent.start()
    #expect(try await status(agent).outputText.contains("2 running"))
  }

  @Test(.enabled(if: isRoot)) func nobodyElseIsAnswered() async throws {
    let agent = try await Installation.running()
    let script = """
      import os, socket, sys
      os.setgroups([]); os.setgid(65534); os.setuid(65534)
      s = socket.socket(socket.AF_UNIX)
      try: s.connect(sys.argv[1])
      except PermissionError: sys.exit(7)
      """
    // The folder of the test is closed to others too, so the refusal has to be the socket's own.
    chmod(agent.folder.path, 0o755)
    let refused = try await run("python3", "-c", script, agent.folder.path("run/status"))
    #expect(refused.end == .exited(7), "\(refused.errorText)")
    #expect(try await status(agent).end == .exited(0))
    let mixed = try await TestProcess(
      [agent.folder.path("bin/jams-agentd"), "--status", "-t"], environment: agent.environment
    ).end()
    #expect(mixed.errorText.hasPrefix("agentd: --status can be combined with -c alone") && mixed.end == .exited(64))
  }
}
