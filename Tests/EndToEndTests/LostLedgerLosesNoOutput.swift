// Goal: a damaged ledger can be moved away, as the message says, and that message says what it costs: jobs that run are ended, and the
// outputs of all jobs are set aside, where nothing deletes them; agentd says where, in the log and in its status.
import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct LostLedgerLosesNoOutput {
  @Test func whenItIsMovedAway() async throws {
    let agent = try await Installation.running()
    let state = agent.folder.path("state")
    #expect(try await agent.finish("old", ["/bin/echo", "precious"]).output == "precious\n")
    try await agent.submit(
      "long", ["/bin/sh", "-c", "trap 'echo ended by TERM; exit 1' TERM; echo started; while :; do sleep 0.1; done"])
    try await wait(for: "it to run") { (try? agent.folder.read("state/jobs/long/output").contains("started")) == true }
    try await agent.stop()
    #expect(agent.shepherds.count == 1)
    let lost = try agent.folder.read("state/jobs/long/lock").prefix { $0.isNumber }

    try agent.folder.write("state/ledger.sqlite", String(repeating: "garbage", count: 1000), mode: 0o600)
    let refused = try await TestProcess(
      ["\(agent.folder.path("bin"))/jams-agentd", "-F"], environment: agent.environment, directory: agent.folder.path
    ).end()
    #expect(refused.end == .exited(EX_UNAVAILABLE))
    #expect(
      refused.errorText.contains(
        "move it away to start with an empty one: that ends the jobs that still run, and sets the outputs of all jobs aside "
          + "in \(state)/jobs.unknown-TIME"), "\(refused.errorText)")
    // The refusal has changed nothing.
    #expect(try agent.folder.read("state/jobs/old/output") == "precious\n" && isAlive(lost))

    try checked("rename") { rename("\(state)/ledger.sqlite", agent.folder.path("ledger.bad")) }
    try await agent.start()
    let aside = try #require(try Folder.names(in: state).first { $0.hasPrefix("jobs.unknown-") })
    try await agent.logLine(
      with: "there is no ledger: the outputs of all jobs that it knew are set aside", "folder=", "jobs=2", aside)
    try await agent.logLine(with: "job is not in the ledger; it is ended", "job=long")
    try await wait(for: "the job to end") { !isAlive(lost) }
    #expect(try agent.folder.read("state/\(aside)/old/output") == "precious\n")
    // The shell also says that it lost its sleep(1).
    #expect(try agent.folder.read("state/\(aside)/long/output").hasSuffix("ended by TERM\n"))
    #expect(try await agent.request("GET", "jobs/old").status == 404)
    #expect(try await agent.request("GET", "agent").text.contains("\(aside) has the outputs of jobs"))

    // The agent works, the ids are free, and a restart changes nothing.
    #expect(try await agent.finish("old", ["/bin/echo", "new"]).output == "new\n")
    try await agent.stop()
    try await agent.start()
    #expect(try await agent.request("GET", "jobs/old/output").text == "new\n")
    #expect(try agent.folder.read("state/\(aside)/old/output") == "precious\n")
    #expect(try Folder.names(in: state).count { $0.hasPrefix("jobs.unknown-") } == 1)
    TemporaryFolder.remove("\(state)/\(aside)")
    try await agent.stop()
    try await agent.start()
    #expect(try await !agent.request("GET", "agent").text.contains("jobs.unknown-"))
  }

  /// A ledger that a crash of the host has left empty is no ledger either.
  @Test func whenItIsEmpty() async throws {
    let agent = try await Installation.running()
    #expect(try await agent.finish("old", ["/bin/echo", "precious"]).output == "precious\n")
    try await agent.stop(SIGKILL)
    for name in ["ledger.sqlite", "ledger.sqlite-wal"] { try agent.folder.write("state/\(name)", "", mode: 0o600) }
    try await agent.start()
    let aside = try #require(
      try Folder.names(in: agent.folder.path("state")).first { $0.hasPrefix("jobs.unknown-") })
    #expect(try agent.folder.read("state/\(aside)/old/output") == "precious\n")
    #expect(try await agent.finish("old", ["/bin/echo", "new"]).output == "new\n")
  }

  private func isAlive(_ process: Substring) -> Bool { pid_t(process).map(ProcessTable.isAlive) ?? false }
}
