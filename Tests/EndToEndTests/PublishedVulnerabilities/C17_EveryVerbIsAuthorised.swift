// The vulnerability: CVE-2025-49825 of Teleport, and earlier ones. A client's identity was checked for one channel and assumed in the next.
// The promise: each operation on each job checks the rule for the certificate of this very connection, over HTTP/1.1 and HTTP/2 alike, and
// a refused operation has no effect.
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite struct C17_EveryVerbIsAuthorised {
  private static let rules = """
    [[client]]
    certificate = "CN=Executor Connector"
    default_user = "nobody"
    [[client]]
    certificate = "dns:second.example"
    default_user = "nobody"
    [[client]]
    certificate = "CN=Auditor"
    jobs = "all"
    read_only = true
    """

  private struct Clients {
    let second, auditor, stranger: Presented

    init(_ root: Credential) throws {
      func client(_ name: String, _ change: (inout CertificateRecipe) -> Void = { _ in }) throws -> Presented {
        Presented(try PKI.shared.issue(CertificateRecipe("/CN=\(name)", .client).with(change), by: root))
      }
      second = try client("Second") { $0.extensions = ["subjectAltName = DNS:other.example, DNS:Second.Example"] }
      auditor = try client("Auditor")
      stranger = try client("Stranger") { $0.extensions = ["subjectAltName = email:dns@second.example"] }
    }
  }

  private static let verbs = [
    ("GET", "agent"), ("GET", "jobs"), ("PUT", "jobs/a"), ("PUT", "jobs/new"), ("GET", "jobs/a"),
    ("GET", "jobs/a?wait=30"), ("GET", "jobs/a/output"), ("GET", "jobs/a/output?follow=1"), ("POST", "jobs/a/cancel"),
    ("DELETE", "jobs/a"), ("GET", "../metrics"),
  ]

  @Test(arguments: ["--http1.1", "--http2"])
  func onEachJob(version: String) async throws {
    let agent = try await Installation.running(configuration: Self.rules)
    let clients = try Clients(agent.certificates.root)
    try await agent.submit("a", ["/bin/sleep", "600"])

    func answers(_ client: Presented) async throws -> [Int] {
      var answers: [Int] = []
      for (method, path) in Self.verbs {
        let body = method == "PUT" ? #"{"command": ["/bin/true"]}"# : nil
        answers.append(try await agent.request(method, path, body: body, as: client, curl: [version]).status)
      }
      return answers
    }
    #expect(try await answers(clients.stranger) == Self.verbs.map { _ in 403 })
    // What it does with the id of another's job affects its own job of that id.
    #expect(try await answers(clients.second) == [200, 200, 201, 201, 200, 200, 200, 200, 200, 204, 200])
    #expect(try await !agent.request("GET", "jobs", as: clients.second).text.contains(#""id":"a""#))

    let looks = [("agent", 200), ("jobs", 200), ("jobs/a", 200), ("jobs/a/output", 200)]
    for (path, status) in looks { #expect(try await agent.request("GET", path, as: clients.auditor).status == status) }
    for (method, path) in [("POST", "jobs/a/cancel"), ("DELETE", "jobs/a"), ("DELETE", "jobs/new")] {
      #expect(try await agent.request(method, path, as: clients.auditor).status == 403)
    }

    #expect(try await agent.job("a").state == .running)
    try await agent.logLine(with: "cancelJob", "CN=Stranger", "rule=none", "answer=forbidden")
    try await agent.logLine(with: "deleteJob", "CN=Auditor", "rule=agentd.toml:", "answer=forbidden")
    #expect(try await agent.request("POST", "jobs/a/cancel").status == 200)
    #expect(try await agent.job("a", wait: 30).state == .cancelled)
  }

  @Test func aReloadedRuleHoldsAtOnce() async throws {
    let agent = try await Installation.running(configuration: Self.rules)
    let clients = try Clients(agent.certificates.root)
    #expect(try await agent.request("GET", "agent", as: clients.stranger).status == 403)
    let file = try agent.folder.read("agentd.toml")
    try agent.folder.write("agentd.toml", file + "\n[[client]]\ncertificate = \"*\"\ndefault_user = \"nobody\"\n")
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete")
    #expect(try await agent.request("GET", "agent", as: clients.stranger).status == 200)
    #expect(try await agent.request("GET", "agent").status == 200)
  }
}
