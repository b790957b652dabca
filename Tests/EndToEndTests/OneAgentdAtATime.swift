// Goal: agentd without -F detaches once it listens, and reports with its exit code if it cannot; a second one on the same files does not
// start; -t checks everything and starts nothing.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct OneAgentdAtATime {
  @Test func itDetachesAndIsStoppedByItsPidFile() async throws {
    let agent = try await Installation(
      configuration: isRoot ? "log_file = \"detached.log\"\n" : "[process]\nlog_file = \"detached.log\"\n")
    try await agent.register()
    let started = try await run(
      "\(agent.folder.path("bin"))/jams-agentd", environment: agent.environment, directory: agent.folder.path)
    #expect(started.end == .exited(0), "\(started.errorText)")
    #expect(try await agent.request("GET", "agent").status == 200)

    let process = try #require(pid_t(try agent.folder.read("run/agentd.pid").prefix { $0.isNumber }))
    #expect(ProcessTable.isAlive(process))
    #expect(try ProcessTable.openFiles(process)[0] == "/dev/null")
    kill(process, SIGTERM)
    try await wait(for: "the end of the detached agentd") { !ProcessTable.isAlive(process) }
    #expect(try agent.folder.read("detached.log").contains(Installation.readyMark))
  }

  @Test func aSecondOneRefusesToStart() async throws {
    let agent = try await Installation.running()
    let second = try await run(
      "\(agent.folder.path("bin"))/jams-agentd", "-F", environment: agent.environment, directory: agent.folder.path)
    #expect(second.end != .exited(0))
    #expect(second.errorText.contains("\(agent.supervisorID)"), "it names the process that runs: \(second.errorText)")
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  @Test func aLockWithoutItsHolderIsWaitedFor() async throws {
    let agent = try await Installation()
    try await agent.register()
    try Folder.make(agent.folder.path("run"), mode: 0o755)
    // Greater than any process ID.
    let file = try agent.folder.write("run/agentd.pid", "999999999\n")
    let ending = try TestProcess(["flock", file, "sh", "-c", "echo held; exec sleep 0.5"])
    try await wait(for: "the lock") { ending.outputText == "held\n" }
    try await agent.start()
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  @Test func theCheckSaysWhetherAllIsWell() async throws {
    let agent = try await Installation()
    let empty = try await run(
      "\(agent.folder.path("bin"))/jams-agentd", "-t", environment: agent.environment, directory: agent.folder.path)
    #expect(empty.end != .exited(0), "an empty store is nothing to listen with")
    #expect(!empty.errorText.isEmpty)

    try await agent.register()
    let good = try await run(
      "\(agent.folder.path("bin"))/jams-agentd", "-t", environment: agent.environment, directory: agent.folder.path)
    #expect(good.end == .exited(0), "\(good.errorText)")

    try agent.folder.write("agentd.toml", "[jobs]\nmax_runing = 3\n")
    let misspelt = try await run(
      "\(agent.folder.path("bin"))/jams-agentd", "-t", environment: agent.environment, directory: agent.folder.path)
    #expect(misspelt.end == .exited(78), "EX_CONFIG: sysexits(3)")
    #expect(misspelt.errorText.contains("agentd.toml:2"))
    #expect(misspelt.errorText.contains("max_running"))
  }
}
