// Goal: in a shell, a job on an agent behaves like a local command: its output, its exit code, and Ctrl-C.
import Glibc
import TestSupport
import Testing

@Suite struct AgentctlRunsJobs {
  private func result(_ agent: Installation, _ command: [String]) async throws -> ProcessResult {
    try await TestProcess(command, environment: agent.environment, directory: agent.folder.path).end()
  }

  @Test func outputAndExitCodeAreTheJobs() async throws {
    let agent = try await Installation.running()
    let run = try await result(
      agent,
      agent.agentctl(
        "run", "--env", "WHO=you", "--directory", "/", "--", "/bin/sh", "-c", "echo $WHO @file; pwd; exit 7"))
    #expect(run.outputText == "you @file\n/\n")
    #expect(run.end == .exited(7))
    let killed = try await result(agent, agent.agentctl("run", "--", "/bin/sh", "-c", "kill -9 $$"))
    #expect(killed.end == .exited(137))
    let missing = try await result(agent, agent.agentctl("run", "--", "/no/such/program"))
    #expect(missing.end == .exited(126))
    #expect(missing.errorText.contains("could_not_start"))
  }

  @Test func errorsThatAreKeptApartAreShownApart() async throws {
    let agent = try await Installation.running()
    let script = ["--", "/bin/sh", "-c", "echo out; echo err >&2; exit 3"]
    let apart = try await result(agent, agent.agentctl("run", "--id", "apart", "--separate-stderr") + script)
    #expect(apart.outputText == "out\n" && apart.errorText == "err\n" && apart.end == .exited(3))
    #expect(try await result(agent, agent.agentctl("logs", "apart")).outputText == "out\n")
    #expect(try await result(agent, agent.agentctl("logs", "--stderr", "-f", "apart")).outputText == "err\n")
    let together = try await result(agent, agent.agentctl("run", "--id", "together") + script)
    #expect(together.outputText == "out\nerr\n" && together.errorText == "")
    let missing = try await result(agent, agent.agentctl("logs", "--stderr", "together"))
    #expect(missing.end == .exited(EX_DATAERR))
    #expect(missing.errorText.hasPrefix("agentctl: job together has no separate stderr"))
  }

  @Test func ctrlCCancelsAndWaitsForTheEnd() async throws {
    let agent = try await Installation.running()
    let run = try TestProcess(
      try agent.agentctl(
        "run", "--id", "stop", "--", "/bin/sh", "-c",
        "trap 'echo bye; exit 4' TERM; echo hi; while :; do sleep 0.1; done"),
      environment: agent.environment, directory: agent.folder.path)
    try await wait(for: "the job") { run.outputText == "hi\n" }
    try run.handle.send(SIGINT)
    let ended = try await run.end()
    // The shell may also report that its sleep was terminated.
    #expect(ended.outputText.hasPrefix("hi\n") && ended.outputText.hasSuffix("bye\n"))
    #expect(try await agent.job("stop").state == .cancelled)
  }

  @Test func submitShowJobsLogsWaitAndCancelWork() async throws {
    let agent = try await Installation.running()
    for _ in 1...2 {
      let submitted = try await result(
        agent, agent.agentctl("submit", "--id", "one", "--label", "a=b", "--", "/bin/echo", "hello"))
      #expect(submitted.outputText == "one\n")
    }
    #expect(try await result(agent, agent.agentctl("wait", "one")).end == .exited(0))
    #expect(try await result(agent, agent.agentctl("logs", "one")).outputText == "hello\n")
    #expect(try await result(agent, agent.agentctl("logs", "--offset", "4", "-f", "one")).outputText == "o\n")
    #expect(try await result(agent, agent.agentctl("show", "one")).outputText.contains(#""state":"succeeded""#))
    #expect(try await result(agent, agent.agentctl("jobs", "--label", "a=b")).outputText.contains("one"))
    #expect(try await result(agent, agent.agentctl("jobs", "--state", "failed")).outputText == "")
    #expect(
      try await result(agent, agent.agentctl("submit", "--id", "two", "--", "/bin/sleep", "600")).end == .exited(0))
    #expect(try await result(agent, agent.agentctl("cancel", "two")).end == .exited(0))
    #expect(try await result(agent, agent.agentctl("wait", "two")).outputText.contains(#""state":"cancelled""#))
  }

  @Test func failuresAreOneLineAndAnExitCode() async throws {
    let agent = try await Installation.running()
    let unknown = try await result(agent, agent.agentctl("show", "nothing"))
    #expect(unknown.end == .exited(EX_DATAERR))
    #expect(unknown.errorText == "agentctl: there is no job nothing\n")
    let key = try await result(agent, agent.agentctl("show", "--key", "/nonexistent", "x"))
    #expect(key.end == .exited(EX_NOINPUT))
    try await agent.stop()
    let away = try await result(agent, agent.agentctl("show", "--patience", "0", "x"))
    #expect(away.end == .exited(EX_UNAVAILABLE))
    #expect(away.errorText.split(separator: "\n").count == 1)
  }
}
