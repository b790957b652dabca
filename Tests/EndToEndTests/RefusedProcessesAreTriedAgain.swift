// Goal: where the host has no room for another process at the moment (`ulimit -u`), accepted jobs wait and then run, each once.
import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "root limits another user")) struct RefusedProcessesAreTriedAgain {
  @Test(.timeLimit(.minutes(3))) func whereFewProcessesAreAllowed() async throws {
    let agent = try await Installation(users: "")
    try await agent.register()
    try agent.folder.write("marks", "", mode: 0o666)
    try agent.folder.write("gate", "", mode: 0o666)
    // agentd's own threads take most of them.
    try await agent.startWithoutAnEntry(["prlimit", "--nproc=14:14"])
    let mark = agent.folder.path("marks")
    // The jobs wait for it, without a process of their own for that, so that there are many at once however busy the host is.
    let names = (0..<10).map { "n\($0)" }
    do {
      let gate = try FileLock.wait(agent.folder.path("gate"))
      for name in names {
        let script = "echo \(name) >> \(mark); exec flock --shared 0 < \(agent.folder.path("gate"))"
        try await agent.submit(name, ["/bin/sh", "-c", script])
      }
      try await agent.logLine(with: "job cannot be started now; trying again")
      withExtendedLifetime(gate) {}
    }
    for name in names {
      let status = try await agent.job(name, wait: 60)
      #expect(status.state == .succeeded, "\(name): \(status.reason ?? "")")
    }
    let marks = try agent.folder.read("marks").split(separator: "\n").map(String.init)
    #expect(marks.sorted() == names, "each ran once")
  }
}
