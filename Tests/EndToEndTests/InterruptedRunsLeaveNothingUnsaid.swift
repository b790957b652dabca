// Goal: what ends agentctl run ends the job, as if it were here; where it cannot, it is said that the job runs on and how to follow it.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct InterruptedRunsLeaveNothingUnsaid {
  private static let endless = ["--", "/bin/sh", "-c", "echo hi; exec sleep 600"]

  private func start(_ agent: Installation, _ command: [String]) throws -> TestProcess {
    try TestProcess(command, environment: agent.environment, directory: agent.folder.path)
  }

  @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGTERM]) func aSignalCancels(_ number: Int32) async throws {
    let agent = try await Installation.running()
    let run = try start(agent, agent.agentctl("run", "--id", "here") + Self.endless)
    try await wait(for: "the job") { run.outputText == "hi\n" }
    try run.handle.send(number)
    let ended = try await run.end()
    #expect(ended.end == .exited(128 + number))
    #expect(ended.errorText.hasPrefix("agentctl: cancelling here\n"), "\(ended.errorText)")
    #expect(try await agent.job("here").state == .cancelled)
  }

  /// As nohup(1), and as a shell's background jobs.
  @Test func whatWasIgnoredAtTheStartStaysIgnored() async throws {
    let agent = try await Installation.running()
    _ = try agent.gate("go")
    let command = try agent.agentctl("run", "--id", "kept", "--directory", agent.folder.path("gates"))
    let words = (command + ["--", "/bin/sh", "-c", "echo hi; read line < go; exit 3"]).map { "'\($0)'" }
    let run = try start(agent, ["/bin/sh", "-c", "trap '' HUP INT QUIT; exec \(words.joined(separator: " "))"])
    try await wait(for: "the job") { run.outputText == "hi\n" }
    for number in [SIGHUP, SIGINT, SIGQUIT] { try run.handle.send(number) }
    try await agent.openGate("go")
    let ended = try await run.end()
    #expect(ended.end == .exited(3) && ended.errorText == "")
  }

  @Test(arguments: [
    ("out", "", "nobody reads stdout; cancelling cut"), ("err", "3>&1 >/dev/null 2>&3", "cancelling cut"),
    ("both", "2>&1", ""),
  ])
  func aReaderThatGoesAwayCancels(_ name: String, _ redirection: String, _ said: String) async throws {
    let agent = try await Installation.running()
    let script = "while echo y \(name == "err" ? ">&2" : ""); do sleep 0.01; done"
    let words = try (agent.agentctl("run", "--id", "cut") + ["--", "/bin/sh", "-c", script]).map { "'\($0)'" }
    let piped = try await start(
      agent, ["/bin/bash", "-c", "\(words.joined(separator: " ")) \(redirection) | head -1; exit ${PIPESTATUS[0]}"]
    ).end()
    #expect(piped.outputText == "y\n" && piped.end == .exited(128 + SIGPIPE), "\(piped)")
    if name == "out" { #expect(piped.errorText.contains(said)) }
    #expect(try await agent.job("cut", wait: 60).state == .cancelled)
  }

  @Test func aTerminalThatClosesCancels() async throws {
    let agent = try await Installation.running()
    let terminal = try Terminal(
      agent.agentctl("run", "--id", "window") + ["--", "/bin/sh", "-c", "while echo hi; do sleep 0.05; done"],
      environment: agent.environment, directory: agent.folder.path)
    try await terminal.expect("hi")
    terminal.hangUp()
    #expect(try await agent.job("window", wait: 60).state == .cancelled)
  }

  @Test func aSecondCtrlCSaysHowToFollow() async throws {
    let agent = try await Installation.running()
    let run = try start(
      agent,
      agent.agentctl("run", "--id", "stubborn", "--kill-grace", "600") + [
        "--", "/bin/sh", "-c", "trap 'echo no' TERM; echo hi; while :; do sleep 0.05; done",
      ])
    try await wait(for: "the job") { run.outputText == "hi\n" }
    try run.handle.send(SIGINT)
    try await wait(for: "its answer") { run.outputText.contains("no\n") }
    try run.handle.send(SIGINT)
    let ended = try await run.end()
    #expect(ended.end == .exited(130))
    let follow = "stubborn keeps running; follow it with: agentctl logs -f localhost:\(agent.port) stubborn --cert "
    #expect(ended.errorText.contains(follow), "\(ended.errorText)")
    #expect(try await agent.job("stubborn").state == .running)
  }

  @Test func nothingIsLeftInDoubtBeforeTheStart() async throws {
    let agent = try await Installation.running()
    try await agent.stop()
    let terminal = try Terminal(
      agent.agentctl("run", "--id", "early", "--", "/bin/true"), environment: agent.environment,
      directory: agent.folder.path)
    try await terminal.expect("trying again for up to 60s (--patience)")
    try terminal.type("\u{3}")
    try await terminal.expect("early: whether it was started is not known: the agent does not answer")
  }

  /// An agent that is stopped has the request, and may accept it later.
  @Test func aSubmissionThatIsInterruptedIsCancelled() async throws {
    let agent = try await Installation.running()
    let listener = try await agent.listenerID()
    kill(listener, SIGSTOP)
    let run = try start(agent, agent.agentctl("submit", "--id", "doubt") + Self.endless)
    try await wait(for: "the connection") { try agent.connections > 0 }
    try run.handle.send(SIGINT)
    let ended = try await run.end()
    kill(listener, SIGCONT)
    #expect(ended.end == .exited(130) && ended.errorText.contains("doubt: whether it was started is not known"))
    #expect(ended.outputText == "")
    // A client that waits is still served.
    #expect(try await start(agent, agent.agentctl("run", "--", "/bin/true")).end().end == .exited(0))
  }
}
