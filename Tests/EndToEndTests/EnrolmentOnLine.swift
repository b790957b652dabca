// Goal: the scheduler's documentation on how an agent requests its certificate works as printed; the key never leaves the host, and the
// code is sent only to the scheduler whose root it names.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct EnrolmentOnLine {
  @Test func theDocumentationsCommand() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler())
    let code = try await scheduler.code()
    let shell = try Terminal(["/bin/sh"], environment: agent.environment, directory: agent.folder.path)
    try shell.type(
      "jams-register UPDATE AGENT LISTENER /REQCERT /SERVER=\"\(scheduler.server)\" \\\n"
        + "    /NOALLOWSSPI /NOALLOWNONE /AGENTNAME=localhost; echo requested=$?\n")
    try await shell.expect("Enrolment code: ")
    try shell.type("\(code.lowercased())\n")
    try await shell.expect("Requested Certificate")
    try await shell.expect("agentd renews it automatically, at")
    try await shell.expect("requested=0")
    try await agent.configure("-L", "-b", "127.0.0.1", "-p", "\(agent.port)")
    try await agent.start()
    let answer = try await scheduler.ask(agent)
    #expect(answer.outputText.contains("\"running\":0"), "\(answer.errorText) \(agent.log)")

    let store = "store/current"
    let certificate = try #require(try Folder.names(in: agent.folder.path("\(store)/certificates")).first)
    let key = try agent.folder.read("\(store)/keys/\(certificate)")
    #expect(key.hasPrefix("-----BEGIN PRIVATE KEY-----"))
    #expect(access(agent.folder.path("store/request.key"), F_OK) != 0)
    #expect(try agent.folder.read("listener.toml").contains("enrolment_server = \"\(scheduler.server)\"\nrenew_at = "))
    #expect(!scheduler.log.contains("PRIVATE"))
  }

  @Test func theSameOnStandardInput() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler())
    try agent.folder.write("code", try await scheduler.code() + "\n", mode: 0o600)
    // With the documentation's line break.
    let command = """
      UPDATE AGENT LISTENER /REQCERT /SERVER="\(scheduler.server)"\u{20}
          /NOALLOWSSPI /NOALLOWNONE /AGENTNAME=localhost /CODEFILE=code

      """
    let result = try await TestProcess(
      [agent.folder.path("bin/jams-register")], environment: agent.environment, directory: agent.folder.path,
      input: Array(command.utf8)
    ).end()
    #expect(result.end == .exited(0), "\(result.errorText)")
    #expect(result.outputText.hasPrefix("Requested Certificate\n"))
    #expect(try Folder.names(in: agent.folder.path("store/current/certificates")).count == 1)
  }

  @Test func anotherSchedulerIsNotSentTheCode() async throws {
    let (agent, scheduler, other) = (
      try await Installation(), try await EnrolmentScheduler(), try await EnrolmentScheduler()
    )
    try agent.folder.write("code", try await scheduler.code() + "\n", mode: 0o600)
    let refused = try await agent.attempt("-R", "-s", other.server, "-n", "localhost", "-P", "code")
    #expect(refused.end == .exited(77))
    #expect(refused.errorText.contains("shows another root CA"), "\(refused.errorText)")
    #expect(refused.errorText.contains("the code was not sent"))
    #expect(!other.log.contains("code"), "\(other.log)")
    try expectNothingThere(agent)
    try await agent.configure("-R", "-s", scheduler.server, "-n", "localhost", "-P", "code")
  }

  @Test func somebodyInBetweenWhoShowsTheRightRootIsNotSentTheCode() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler())
    try agent.folder.write("code", try await scheduler.code() + "\n", mode: 0o600)
    let (stranger, port) = try await impostor(of: scheduler)
    let refused = try await agent.attempt("-R", "-s", "localhost:\(port)", "-n", "localhost", "-P", "code")
    #expect(refused.end == .exited(77), "\(refused.errorText)")
    #expect(refused.errorText.contains("localhost:\(port): certificate CN=localhost"), "\(refused.errorText)")
    #expect(!stranger.outputText.contains("Authorization") && !stranger.errorText.contains("simpleenroll"))
    try expectNothingThere(agent)
    try await agent.configure("-R", "-s", scheduler.server, "-n", "localhost", "-P", "code")
  }

  @Test func mistakesChangeNothing() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler())
    let code = try await scheduler.code()
    let wrong = "AAAAA-AAAAA-AAAAA-AAAAA.\(code.split(separator: ".")[1])"
    let rows: [(code: String, server: String, name: String, status: Int32, words: String)] = [
      ("secret", scheduler.server, "localhost", 65, "that is not an enrolment code"),
      (String(code.prefix(23)), scheduler.server, "localhost", 65, "that is not an enrolment code"),
      (wrong, scheduler.server, "localhost", 77, "there is no such enrolment code"),
      (code, scheduler.server, "AGENT02", 77, "the enrolment code is for another agent"),
      (code, scheduler.server, "a b", 64, "cannot be an agent's name"),
      (code, "localhost:1", "localhost", 69, "does SERVE ENROLMENT run there?"),
      (code, "local/host", "localhost", 64, "expected HOST or HOST:PORT"),
      (code, "127.0.0.2:\(scheduler.port)", "localhost", 69, "does SERVE ENROLMENT run there?"),
    ]
    for row in rows {
      try agent.folder.write("code", row.code + "\n", mode: 0o600)
      let refused = try await agent.attempt("-R", "-s", row.server, "-n", row.name, "-P", "code")
      #expect(refused.end == .exited(row.status), "\(row): \(refused.errorText)")
      #expect(refused.errorText.contains(row.words), "\(refused.errorText)")
      #expect(refused.errorText.split(separator: "\n").count == 1, "\(refused.errorText)")
      try expectNothingThere(agent)
    }
    try agent.folder.write("code", code + "\n", mode: 0o600)
    try await agent.configure("-R", "-s", scheduler.server, "-n", "localhost", "-P", "code")
  }

  @Test func nobodyIsAskedForACodeWhereThereIsNoService() async throws {
    let agent = try await Installation()
    let shell = try Terminal(["/bin/sh"], environment: agent.environment, directory: agent.folder.path)
    try shell.type("jams-register -R -s localhost:\(try FreePort.next()) -n localhost; echo requested=$?\n")
    let shown = try await shell.expect("requested=69")
    #expect(shown.contains("Connection refused; does SERVE ENROLMENT run there?"), "\(shown)")
    #expect(!shown.contains("Enrolment code"))
  }

  private func expectNothingThere(_ agent: Installation) throws {
    for file in ["store/request.key", "store/current", "listener.toml"] {
      #expect(access(agent.folder.path(file), F_OK) != 0, "\(file)")
    }
  }

  /// A server with its own certificate that presents the scheduler's CA certificates as its own.
  private func impostor(of scheduler: EnrolmentScheduler) async throws -> (TestProcess, port: Int) {
    let folder = scheduler.folder
    let shown = try await run(
      "curl", "--silent", "--insecure", "--include", "--noproxy", "*",
      "https://127.0.0.1:\(scheduler.port)/.well-known/est/cacerts")
    try Folder.make(folder.path(".well-known/est"), mode: 0o755)
    try folder.write(".well-known/est/cacerts", shown.output)
    let made = try await run(
      "openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "own.key",
      "-out", "own.pem", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", directory: folder.path)
    #expect(made.end == .exited(0), "\(made.errorText)")
    let port = try FreePort.next()
    let server = try TestProcess(
      ["openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-cert", "own.pem", "-key", "own.key", "-HTTP"],
      environment: ["PATH": "/usr/bin:/bin"], directory: folder.path, input: nil)
    try await wait(for: "the impostor") { server.outputText.contains("ACCEPT") }
    return (server, port)
  }
}
