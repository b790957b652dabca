// The promise: `agentd -t --as` says in advance what a client may do, by which rule and line, and why; that is also what then happens.
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite struct DecisionsAreExplained {
  private static let rules = """
    [jobs.pools.two]
    max_running = 2
    [[client]]
    certificate = "CN=Second"
    read_only = true
    [[client]]
    certificate = "CN=Executor Connector"
    commands = ["/usr/bin/*"]
    default_user = "nobody"
    pool = "two"
    """

  private func explain(_ agent: Installation, _ arguments: String...) async throws -> ProcessResult {
    try await TestProcess(
      ["\(agent.folder.path("bin"))/jams-agentd", "-t"] + arguments, environment: agent.environment,
      directory: agent.folder.path
    ).end()
  }

  @Test func ofANameAndOfACertificate() async throws {
    let agent = try await Installation.running(configuration: Self.rules)
    let first = try lineOfRules(agent)
    let file = try #require(agent.certificates.connector.files).chain
    for client in ["CN=Executor Connector", file] {
      let allowed = try await explain(agent, "--as", client, "--", "/usr/bin/env", "-i")
      #expect(allowed.end == .exited(EX_OK), "\(allowed.outputText)\(allowed.errorText)")
      let lines = allowed.outputText.split(separator: "\n").map(String.init)
      #expect(lines.contains("client: subject CN=Executor Connector"))
      #expect(lines.contains { $0.hasSuffix(":\(first): certificate \"CN=Second\" does not match this client") })
      let rules = "certificate \"CN=Executor Connector\" matches this client: this table applies"
      #expect(lines.contains { $0.hasSuffix(":\(first + 3): \(rules)") }, "\(lines)")
      #expect(
        lines.last?.hasPrefix("allowed: the job would run as ") == true && lines.last?.hasSuffix("pool two") == true)

      let refused = try await explain(agent, "--as", client, "--", "/bin/../usr/bin/env")
      #expect(refused.end == .exited(EX_NOPERM))
      #expect(refused.outputText.contains("  NO : commands are \"/usr/bin/*\""), "\(refused.outputText)")
    }
    #expect(try await agent.finish("a", ["/usr/bin/env", "-i"]).status.pool == "two")
    let body = #"{"command": ["/bin/../usr/bin/env"]}"#
    #expect(try await agent.request("PUT", "jobs/b", body: body).status == 403)
  }

  @Test func ofAClientThatGetsNothing() async throws {
    let agent = try await Installation.running(configuration: Self.rules)
    let stranger = try await explain(agent, "--as", "DNS:x.example", "--", "/usr/bin/env")
    #expect(stranger.end == .exited(EX_NOPERM))
    #expect(stranger.outputText.hasSuffix("refused: no rule of this agent matches this client\n"))
    let reader = try await explain(agent, "--as", "CN=Second", "--", "/usr/bin/env")
    #expect(reader.outputText.hasSuffix("refused: this client may only look at jobs\n"))
    // Rules do not apply to a client that the gate refuses.
    let foreign = try PKI.shared.client("Executor Connector", by: try PKI.shared.root("Nobody's Root"))
    let outside = try await explain(agent, "--as", foreign.certificatePath, "--", "/usr/bin/env")
    #expect(outside.end == .exited(EX_NOPERM))
    #expect(outside.outputText.contains("refused: the client is not let in: client certificate"), "\(outside)")
  }

  @Test func whatCannotBeAnsweredIsSaid() async throws {
    let agent = try await Installation.running(configuration: Self.rules)
    try agent.folder.write("empty.pem", "")
    for (arguments, code, message) in [
      (["--as", "CN=x"], EX_USAGE, "no command is given"), (["--as", "x", "--", "a"], EX_USAGE, "is not a file"),
      (["--as", "*", "--", "a"], EX_USAGE, "name one client"),
      (["--as", agent.folder.path("empty.pem"), "--", "a"], EX_DATAERR, "no certificate"),
      (["--user", "x"], EX_USAGE, "--user needs -t --as CLIENT"),
    ] {
      let result = try await TestProcess(
        ["\(agent.folder.path("bin"))/jams-agentd", "-t"] + arguments, environment: agent.environment,
        directory: agent.folder.path
      ).end()
      #expect(result.end == .exited(code) && result.errorText.contains(message), "\(arguments): \(result.errorText)")
    }
  }

  private func lineOfRules(_ agent: Installation) throws -> Int {
    let lines = try agent.folder.read("agentd.toml").split(separator: "\n", omittingEmptySubsequences: false)
    return try #require(lines.firstIndex { $0 == "[[client]]" }) + 1
  }
}
