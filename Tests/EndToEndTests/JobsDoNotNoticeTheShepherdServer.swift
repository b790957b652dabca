// Goal: the process that forks the shepherds can be killed or stopped at any time: running jobs do not notice, the next ones start, and none
// runs twice. It ends with its supervisor, and signals that are sent to agentd by name do not harm it.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct JobsDoNotNoticeTheShepherdServer {
  @Test(arguments: [SIGKILL, SIGSTOP]) func whenItIsKilledOrStopped(_ signal: Int32) async throws {
    let agent = try await Installation.running()
    try await agent.submit(
      "steady", ["/bin/sh", "-c", "echo before; read line < go; echo after; exit 9"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.request("GET", "jobs/steady/output").text == "before\n" }
    let server = try await agent.shepherdServerID()
    kill(server, signal)
    for number in 0..<5 {
      #expect(try await agent.finish("next-\(number)", ["/bin/echo", "\(number)"]).output == "\(number)\n")
    }
    try await wait(for: "another server alone") { try await agent.shepherdServerID() != server }
    try await agent.openGate("go")
    #expect(try await agent.job("steady", wait: 30).exitCode == 9)
    #expect(try await agent.request("GET", "jobs/steady/output").text == "before\nafter\n")
  }

  @Test func signalsThatAdministratorsSend() async throws {
    let agent = try await Installation.running()
    let server = try await agent.shepherdServerID()
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGTSTP, SIGCHLD] {
      kill(server, signal)
    }
    #expect(try await agent.finish("next", ["/bin/sh", "-c", "kill -TERM $$"]).status.signal == "SIGTERM")
    #expect(try await agent.shepherdServerID() == server)
  }

  @Test func itEndsWithItsSupervisorAndDropsItsOrders() async throws {
    let agent = try await Installation.running()
    try agent.folder.write("marks", "", mode: 0o666)
    let script = "echo ran >> \(agent.folder.path("marks"))"
    let server = try await agent.shepherdServerID()
    kill(server, SIGSTOP)
    try await agent.submit("ordered", ["/bin/sh", "-c", script], fields: try agent.gate("unused"))
    try await agent.stop(SIGKILL)
    try await wait(for: "the server's end") { !ProcessTable.isAlive(server) }
    try await agent.start()
    let ended = try await agent.job("ordered", wait: 30)
    #expect(ended.state == .interrupted)
    #expect(try agent.folder.read("marks") == "")
    #expect(try await agent.finish("next", ["/bin/echo", "on"]).output == "on\n")
  }

  /// A stop that comes while jobs start leaves none that has not run.
  @Test func aStopWhileJobsStartInterruptsNone() async throws {
    let agent = try await Installation.running()
    let server = try await agent.shepherdServerID()
    kill(server, SIGSTOP)
    for number in 0..<5 { try await agent.submit("ordered-\(number)", ["/bin/true"]) }
    try agent.signal(SIGTERM)
    try await agent.logLine(with: "agentd stops")
    kill(server, SIGCONT)
    try await wait(for: "agentd's end") { !ProcessTable.isAlive(agent.supervisorID) }
    try await agent.start()
    for number in 0..<5 { #expect(try await agent.job("ordered-\(number)", wait: 30).state == .succeeded) }
  }
}
