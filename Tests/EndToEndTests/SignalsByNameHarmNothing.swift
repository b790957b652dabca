// Goal: a signal that an administrator sends to all processes named agentd, such as the documented SIGUSR1, ends none of them and no job.
import Glibc
import TestSupport
import Testing

@Suite struct SignalsByNameHarmNothing {
  @Test func everyRoleAndTheJobKeepRunning() async throws {
    let agent = try await Installation.running()
    try await agent.submit(
      "steady", ["/bin/sh", "-c", "echo begun; read line < go; exit 5"], fields: try agent.gate("go"))
    try await wait(for: "the job") { try await agent.request("GET", "jobs/steady/output").text == "begun\n" }
    let (listener, signer) = (try await agent.listenerID(), try await agent.signerID())
    let shepherds = agent.shepherds
    #expect(shepherds.count == 1)
    let kept = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGKILL, SIGSTOP, 32, 33]
    for number in Int32(1)...64 where !kept.contains(number) {
      // To a shepherd, SIGTERM means that the host is shut down.
      for process in [listener, signer] + (number == SIGTERM ? [] : shepherds) { #expect(kill(process, number) == 0) }
      if [SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGCONT, SIGHUP].contains(number) { kill(agent.supervisorID, number) }
    }
    try await agent.logLine(with: "summary")
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(agent.shepherds == shepherds)
    // The reload that SIGHUP asks for may have replaced the listener, but none has died.
    #expect(!agent.log.contains("exited on signal"))
    try await agent.openGate("go")
    #expect(try await agent.job("steady", wait: 60).exitCode == 5)
  }

  @Test func aShutdownIsNotACancellation() async throws {
    let agent = try await Installation.running()
    try await agent.submit("night", ["/bin/sleep", "600"])
    let shepherd = try await wait(for: "its shepherd") { agent.shepherds.first }
    try await agent.stop()
    kill(shepherd, SIGTERM)
    try await wait(for: "its end") { !ProcessTable.isAlive(shepherd) }
    try await agent.start()
    let ended = try await agent.job("night", wait: 60)
    #expect(ended.state == .interrupted)
    #expect(ended.reason == "the host was shut down")
    // A scheduler that runs it again gives it another id.
    #expect(try await agent.finish("night-2", ["/bin/echo", "again"]).output == "again\n")
  }
}
