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

  /// Every signal that ends a program, the job's own TERM included.
  @Test func aSignalIsTheRealOne() async throws {
    let agent = try await Installation.running()
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGUSR1, SIGSEGV, SIGPIPE, SIGTERM, 34, 64] {
      let run = try await result(
        agent, agent.agentctl("run", "--id", "s\(number)", "--", "/bin/sh", "-c", "kill -\(number) $$"))
      #expect(run.end == .exited(128 + number))
      #expect(try await result(agent, agent.agentctl("wait", "s\(number)")).end == .exited(128 + number))
    }
  }

  @Test func whatATrapReturnsIsNoSuccess() async throws {
    let agent = try await Installation.running()
    let script = ["--", "/bin/sh", "-c", "trap 'exit 0' TERM; echo hi; while :; do sleep 0.1; done"]
    let run = try TestProcess(
      try agent.agentctl("run", "--id", "stop") + script, environment: agent.environment, directory: agent.folder.path)
    try await wait(for: "the job") { run.outputText == "hi\n" }
    let cancelled = try await result(agent, agent.agentctl("cancel", "stop"))
    #expect(cancelled.outputText.hasPrefix("stop is being cancelled; see its end with: agentctl wait localhost:"))
    #expect(try await run.end().end == .exited(143))
    #expect(try await agent.job("stop").exitCode == 0)
    let again = try await result(agent, agent.agentctl("cancel", "stop"))
    #expect(again.outputText.hasPrefix("stop has already ended: cancelled by CN=") && again.end == .exited(0))
    let timed = try await result(agent, agent.agentctl("run", "--timeout", "1s") + script)
    #expect(
      timed.end == .exited(143) && timed.errorText.contains("agentctl: timed out after 1 s\n"), "\(timed.errorText)")
  }

  @Test func errorsAreKeptApartWhereTheyGoElsewhere() async throws {
    let agent = try await Installation.running()
    let script = ["--", "/bin/sh", "-c", "echo out; echo err >&2; exit 3"]
    let apart = try await result(agent, agent.agentctl("run", "--id", "apart") + script)
    #expect(apart.outputText == "out\n" && apart.errorText == "err\n" && apart.end == .exited(3))
    let both = try await result(agent, agent.agentctl("logs", "apart"))
    #expect(both.outputText == "out\n" && both.errorText == "err\n")
    #expect(try await result(agent, agent.agentctl("logs", "--stderr", "-f", "apart")).outputText == "err\n")
    // The same pipe, file or terminal keeps the order.
    let words = try (agent.agentctl("run", "--id", "together") + script).map { "'\($0)'" }.joined(separator: " ")
    for redirection in ["2>&1", ">both 2>&1; s=$?; cat both; exit $s"] {
      let together = try await result(agent, ["/bin/sh", "-c", "\(words) \(redirection)"])
      #expect(together.outputText.hasSuffix("out\nerr\n") && together.end == .exited(3), "\(together)")
    }
    #expect(try await agent.job("together").stderrBytes == nil)
    // The same job again, redirected otherwise, is still the same job.
    let known = try await result(agent, agent.agentctl("run", "--id", "together") + script)
    #expect(known.outputText == "out\nerr\n" && known.end == .exited(3))
    #expect(known.errorText.contains("nothing was started"))
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
    let submit = try agent.agentctl("submit", "--id", "one", "--label", "a=b", "--", "/bin/echo", "hello")
    let first = try await result(agent, submit)
    #expect(first.outputText == "one\n" && first.errorText == "")
    let waited = try await result(agent, agent.agentctl("wait", "one"))
    #expect(waited.outputText == "one has ended: succeeded\n" && waited.end == .exited(0))
    let second = try await result(agent, submit)
    #expect(second.outputText == "one\n" && second.end == .exited(0))
    #expect(second.errorText.hasPrefix("agentctl: one was submitted before, at "))
    #expect(second.errorText.hasSuffix(", and has ended: succeeded; nothing was started\n"))
    for (id, created) in [("one", "false"), ("new", "true")] {
      let json = try await result(
        agent, agent.agentctl("submit", "--json", "--id", id, "--label", "a=b", "--", "/bin/echo", "hello"))
      #expect(json.outputText.contains(#""created":\#(created)"#) && json.outputText.contains(#""id":"\#(id)""#))
    }
    let run = try await result(
      agent, agent.agentctl("run", "--id", "one", "--label", "a=b", "--", "/bin/echo", "hello"))
    #expect(run.outputText == "hello\n" && run.errorText.contains("nothing was started") && run.end == .exited(0))
    #expect(try await result(agent, agent.agentctl("logs", "one")).outputText == "hello\n")
    #expect(try await result(agent, agent.agentctl("logs", "--offset", "4", "-f", "one")).outputText == "o\n")
    #expect(
      try await result(agent, agent.agentctl("show", "one", "--json")).outputText.contains(#""state":"succeeded""#))
    let shown = try await result(agent, agent.agentctl("show", "one")).outputText.split(separator: "\n")
    #expect(shown.prefix(3) == ["id           one", "state        succeeded", "command      /bin/echo hello"])
    #expect(shown.contains("labels       a=b") && shown.contains("output       6 bytes"))
    #expect(try await result(agent, agent.agentctl("jobs", "--label", "a=b")).outputText.contains("one"))
    #expect(try await result(agent, agent.agentctl("jobs", "--state", "failed")).outputText == "")
    #expect(
      try await result(agent, agent.agentctl("submit", "--id", "two", "--", "/bin/sleep", "600")).end == .exited(0))
    #expect(try await result(agent, agent.agentctl("cancel", "two")).end == .exited(0))
    #expect(
      try await result(agent, agent.agentctl("wait", "two", "--json")).outputText.contains(#""state":"cancelled""#))
    let refused = try await result(agent, agent.agentctl("delete", "three"))
    #expect(refused.errorText == "agentctl: there is no job three\n" && refused.end == .exited(EX_DATAERR))
    #expect(try await result(agent, agent.agentctl("delete", "two")).outputText == "two is deleted\n")
    #expect(try await result(agent, agent.agentctl("show", "two")).end == .exited(EX_DATAERR))
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
