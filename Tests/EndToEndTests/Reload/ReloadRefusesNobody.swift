// Goal: a change by agent-register takes effect in a running agentd automatically and costs no connection; a change that cannot work leaves
// the old listener serving.
import Glibc
import TestSupport
import Testing

@Suite struct ReloadRefusesNobody {
  @Test func aNewPortIsTakenAtOnce() async throws {
    let agent = try await Installation.running()
    let port = try FreePort.next()
    try await agent.configure("-L", "-p", "\(port)")
    try await wait(for: "an answer on the new port") {
      let answer = try await TestProcess(
        ["curl"] + agent.curlArguments() + ["https://localhost:\(port)/v1/agent"], environment: agent.environment
      ).end()
      return answer.end == .exited(0)
    }
    try await wait(for: "the old port to be closed") { (try? await agent.request("GET", "agent")) == nil }
  }

  @Test func connectionsDuringReloadsAllSucceed() async throws {
    let agent = try await Installation.running()
    let processes = try ProcessTable.children(of: agent.supervisorID).count
    let reloads = Task {
      for _ in 1...10 {
        let logged = agent.log.utf8.count
        try agent.signal(SIGHUP)
        try await agent.logLine(with: "reload complete", after: logged)
      }
    }
    for _ in 1...60 { #expect(try await agent.request("GET", "agent").status == 200) }
    try await reloads.value
    try await wait(for: "the old listeners to have drained") {
      try ProcessTable.children(of: agent.supervisorID).count == processes
    }
    // They exited on their own, not killed by the sandbox for an unknown call.
    #expect(!agent.log.contains("exited on signal \(SIGSYS)"), "\(agent.log)")
  }

  @Test func aBrokenConfigurationKeepsTheOldOneServing() async throws {
    let agent = try await Installation.running()
    let logged = agent.log.utf8.count
    let listener = try await agent.listenerID()
    try agent.folder.write("listener.toml", "certificate = 7\n")
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "listener.toml", after: logged)
    #expect(try await agent.listenerID() == listener)
    #expect(try await agent.request("GET", "agent").status == 200)
  }
}
