// Hole C16 (Jenkins CVE-2021-21686 and others), the client's side: a compromised agent cannot fill the client's memory, block it forever,
// or make it mistake one thing for another.
import AgentClient
import AgentProtocol
import TestSupport
import Testing

@Suite struct C16_HostileAgentsGainNothing {
  private let certificates: Certificates
  init() throws { certificates = try Certificates() }

  static let job =
    #"{"id":"a","state":"running","command":["x"],"user":"u","client":{"subject":"s","thumbprint":"\#(String(repeating: "ab", count: 32))"},"#
    + #""submitted_at":"2026-01-01T00:00:00.000Z","labels":{}}"#

  @Test(arguments: [
    ("a body without an end", Script.says("HTTP/1.1 200 OK\r\n\r\n")),
    ("no HTTP", .says("SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n")),
    ("no JSON", .answers("<html>hello</html>")),
    ("another job", .answers(job)),
    ("a list", .answers("[]")),
    ("nesting", .answers(String(repeating: "[", count: 100_000))),
    ("an error of no agent", .answers("nginx", status: "502 Bad Gateway", type: "text/html")),
    (
      "a problem of no kind",
      .answers(
        #"{"type":"/problems/x","title":"","status":400,"detail":""}"#,
        status: "400 Bad Request", type: "application/problem+json")
    ),
    ("a problem that is none", .answers("[]", status: "404 Not Found", type: "application/problem+json")),
    (
      "a head without an end",
      .saysForEver("HTTP/1.1 200 OK\r\n", then: "X-More: \(String(repeating: "x", count: 4000))\r\n")
    ),
    ("a field without an end", .saysForEver("HTTP/1.1 200 OK\r\nX: ", then: String(repeating: "x", count: 4000))),
    (
      "a document without an end",
      .saysForEver(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        then: "1000\r\n\(String(repeating: "x", count: 4096))\r\n")
    ),
    ("two lengths", .says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")),
  ])
  func nonsenseIsMisconfigured(_ what: String, _ script: Script) async throws {
    let agent = try await ScriptedAgent(certificates, script, .answers(Self.job))
    let client = try agent.client(certificates)
    await #expect { try await client.job(JobID("b")!) } throws: { error in
      if case AgentError.misconfigured = error { true } else { false }
    }
    // The client understands the next, valid answer of the same agent.
    #expect(try await client.job(JobID("a")!).state == .running)
  }

  @Test func silenceHasAnEnd() async throws {
    for script in [Script.silent, .says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), .hangsUp] {
      let agent = try await ScriptedAgent(certificates, script)
      let client = try agent.client(certificates) { ($0.answerTime, $0.stallTime) = (0.3, 0.3) }
      await #expect { try await client.status() } throws: { error in
        if case AgentError.unreachable = error { true } else { false }
      }
    }
  }

  @Test func aListWithoutAnEndIsNoticed() async throws {
    let agent = try await ScriptedAgent(certificates, .answers(#"{"jobs":[],"cursor":"again"}"#))
    let client = try agent.client(certificates)
    await #expect(throws: AgentError.misconfigured("a cursor for the second time")) { try await client.allJobs() }
  }

  @Test func whatNobodyAsksForIsNotRead() async throws {
    let agent = try await ScriptedAgent(
      certificates,
      .saysForEver(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        then: "10000\r\n\(String(repeating: "x", count: 65536))\r\n"))
    let client = try agent.client(certificates)
    let reading = Task { try await client.output(of: JobID("a")!) { _ in try await Task.sleep(for: .seconds(3600)) } }
    // The sender stops once both kernel buffers are full.
    var last = -1
    try await wait(for: "the agent to be held up") {
      let sent = agent.sent
      defer { last = sent }
      try await Task.sleep(for: .milliseconds(200))
      return sent > 0 && sent == last
    }
    #expect(agent.sent < 64 << 20)
    reading.cancel()
    await #expect(throws: CancellationError.self) { try await reading.value }
  }

  @Test func anAnswerThatWasLostIsAskedForAgain() async throws {
    let agent = try await ScriptedAgent(certificates, .hangsUp, .hangsUp, .answers(Self.job, status: "200 OK"))
    let client = try agent.client(certificates) { $0.patience = 60 }
    let submission = try await client.submit(JobID("a")!, JobRequest(command: ["x"]))
    #expect(!submission.isNew)
    #expect(agent.heads.count == 3)
    #expect(Set(agent.heads).count == 1)
  }

  @Test func theConnectionIsKept() async throws {
    let agent = try await ScriptedAgent(certificates, .answers(Self.job))
    let client = try agent.client(certificates) { $0.connections = 1 }
    for _ in 1...20 { #expect(try await client.job(JobID("a")!).id == JobID("a")) }
    #expect(agent.heads.count == 20)
  }
}
