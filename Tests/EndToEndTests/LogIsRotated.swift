// Goal: to rotate the log of a detached agentd, rename it and reload; the next line is in a new file, even if the configuration has become
// invalid meanwhile.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct LogIsRotated {
  @Test func byAReload() async throws {
    let agent = try await Installation(
      configuration: (isRoot ? "" : "[process]\n") + "log_file = \"detached.log\"\n")
    try await agent.register()
    let started = try await run(
      "\(agent.folder.path("bin"))/jams-agentd", environment: agent.environment, directory: agent.folder.path)
    #expect(started.end == .exited(0), "\(started.errorText)")
    let process = try #require(pid_t(try agent.folder.read("run/agentd.pid").prefix { $0.isNumber }))
    defer { kill(process, SIGKILL) }

    for (number, expected) in ["reload complete", "reload failed"].enumerated() {
      let path = agent.folder.path("detached.log")
      try checked("rename", path) { rename(path, "\(path).\(number)") }
      if number == 1 { try agent.folder.write("agentd.toml", "nonsense\n" + agent.folder.read("agentd.toml")) }
      kill(process, SIGHUP)
      try await wait(for: "a line in the new file") {
        (try? agent.folder.read("detached.log"))?.contains(expected) ?? false
      }
    }
    #expect(!(try agent.folder.read("detached.log.1").contains("reload failed")))
  }
}
