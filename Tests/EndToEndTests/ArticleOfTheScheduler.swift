// Goal: a person who follows the scheduler's documentation from the first command to the last, in a terminal, as printed, has an agent that
// admits both the scheduler and its standby.
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct ArticleOfTheScheduler {
  @Test func fromTheFirstCommandToTheLast() async throws {
    let agent = try await Installation()
    let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
    let listenerThumbprint = try await primary(agent, first)
    try await agentsHost(agent, first, listenerThumbprint)
    try await standby(first, second)

    // One at a time, and both at once; the same id is the job of both schedulers only if it is the same job.
    for scheduler in [first, second] {
      // The test's agent does not listen on the port that the documentation assumes.
      let added = try await run(
        "scheduler-register", "ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=localhost /ADDRESS=localhost:\(agent.port)",
        in: scheduler)
      #expect(added.outputText.contains("connected   to agentd"), "\(added.errorText) \(agent.log)")
      #expect(try await run("agentctl", "agents", in: scheduler).outputText.contains("Online"))
      let job = try await run("agentctl", "run", "localhost", "--id", "once", "--", "/bin/echo", "hello", in: scheduler)
      #expect(job.outputText == "hello\n", "\(job.errorText) \(agent.log)")
      #expect(job.end == .exited(0))
    }
    async let one = run("agentctl", "run", "localhost", "--", "/bin/echo", "one", in: first)
    async let two = run("agentctl", "run", "localhost", "--", "/bin/echo", "two", in: second)
    #expect(try await (one.outputText, two.outputText) == ("one\n", "two\n"))
    #expect(agent.log.matches(of: /job started job=once/).count == 1, "\(agent.log)")
  }

  private func run(_ program: String, _ arguments: String..., in scheduler: TemporaryFolder) async throws
    -> ProcessResult
  {
    try await TestProcess(
      [try BuiltProduct.path(program)] + arguments,
      environment: [
        "PATH": "/usr/bin:/bin", "HOME": scheduler.path, "AGENTD_SCHEDULER_HOME": scheduler.path("home"),
      ], directory: scheduler.path
    ).end()
  }

  /// - Returns: the thumbprint of the agent's certificate.
  private func primary(_ agent: Installation, _ folder: TemporaryFolder) async throws -> String {
    let prompt = try await prompt(folder)
    try prompt.type("CREATE ROOT CA /STOREKEY /MAKEDEFAULT\n")
    try await prompt.expect("New self-signed certificate")
    try await prompt.expect("CN=JAMS Local Self-Signed Root CA")
    try prompt.type("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT\n")
    try await prompt.expect("New certificate")
    // The documentation breaks the line here.
    try prompt.type("CREATE AGENT LISTENER CERT /NOSTORECERT /FILENAME=agentcert.pem /PROMPT \n")
    try prompt.type("    /AGENTNAME=localhost /PEM /CHAIN\n")
    try await prompt.answerPassword(twice: true)
    try await prompt.expect("New certificate")
    try await prompt.expect("thumbprint  ")
    let thumbprint = try await prompt.expect("\r\n").filter(\.isHexDigit)
    try await prompt.expect("scheduler>")
    try prompt.type("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=localhost\n")
    try prompt.type("    /SERVER=\"localhost\" /NOALLOWNONE /NOALLOWSSPI /PLATFORM=\"Linux\"    \n")
    try await prompt.expect("Executor Connector ADDED")
    try await prompt.expect("Linux")
    try prompt.type("LIST EXEC CONFIG\n")
    try await prompt.expect("Default Root CA Thumbprint")
    try await prompt.expect("Default Executor Connector Thumbprint: ")
    let connector = try await prompt.expect("\r\n").filter(\.isHexDigit)
    try await prompt.expect("scheduler>")
    try prompt.type("EXPORT ROOT CA /FILENAME=root.pfx /PROMPT\n")
    try await prompt.answerPassword(twice: true)
    try await prompt.expect("Root CA exported")
    try prompt.type("EXPORT EXEC CERT /FILENAME=exec.pfx /PROMPT /THUMBPRINT=\(connector)\n")
    try await prompt.answerPassword(twice: true)
    try await prompt.expect("Executor certificate exported")
    try prompt.type("\u{4}")
    return thumbprint
  }

  private func agentsHost(_ agent: Installation, _ scheduler: TemporaryFolder, _ thumbprint: String) async throws {
    try agent.folder.write("agentcert.pem", try scheduler.read("agentcert.pem"), mode: 0o600)
    let shell = try Terminal(["/bin/sh"], environment: agent.environment, directory: agent.folder.path)
    try shell.type("jams-register -I agentcert.pem -q; echo import=$?\n")
    try await shell.answerPassword(twice: false)
    try await shell.expect("import=0")
    try shell.type("jams-register -L -t \(thumbprint) -d none; echo listener=$?\n")
    try await shell.expect("listener=0")
    try await agent.configure("-L", "-b", "127.0.0.1", "-p", "\(agent.port)")
    try await agent.start()
  }

  private func standby(_ first: TemporaryFolder, _ second: TemporaryFolder) async throws {
    for file in ["root.pfx", "exec.pfx"] {
      try second.write(file, try DurableFile.read(first.path(file), limit: 65536), mode: 0o600)
    }
    let prompt = try await prompt(second)
    try await prompt.importFromFirstScheduler()
    try prompt.type("EXIT\n")
  }

  private func prompt(_ folder: TemporaryFolder) async throws -> Terminal {
    let terminal = try Terminal(
      [try BuiltProduct.path("scheduler-register"), "-H", folder.path("home")],
      environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path, "TERM": "dumb"], directory: folder.path)
    try await terminal.expect("scheduler>")
    return terminal
  }
}
