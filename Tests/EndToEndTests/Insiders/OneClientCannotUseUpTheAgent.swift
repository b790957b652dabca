// Goal: a client that was let in and takes all it can get (waits, unfinished requests, streams of events) is refused beyond its share,
// which is half of what there is; others are served as on an idle agent, and what it held is free again once it is gone.
import AgentProtocol
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite(.serialized) struct OneClientCannotUseUpTheAgent {
  private static func table(_ client: String, _ more: String) -> String {
    "[[client]]\ncertificate = \"CN=\(client)\"\n\(more)\n"
  }

  private static let tables =
    table("Executor Connector", "jobs = \"all\"") + table("Reader", "jobs = \"all\"\nread_only = true")
    + table("Flooder", "jobs = \"all\"") + table("Watcher", "jobs = \"own\"\nread_only = true")

  private func client(_ name: String, of agent: Installation) throws -> Presented {
    Presented(try PKI.shared.client(name, by: agent.certificates.root))
  }

  /// One read-only client asks for more waits than there are places for all clients.
  @Test func withWaits() async throws {
    let agent = try await Installation.running(configuration: Self.tables)
    try await agent.submit("held", ["/bin/sh", "-c", "read line < held"], fields: try agent.gate("held"))
    let idle = try await bestTime(of: agent)
    let reader = try client("Reader", of: agent)
    let insiders = try Insiders(.wait, at: agent, as: reader, connections: 170)
    #expect(try await insiders.heldRequests(atMost: 8192) > 4096, "it has its share")

    let refused = try await agent.request("GET", "jobs/held", as: reader)
    #expect(refused.status == 429 && refused.text.contains("what is left is for other clients"), "\(refused.text)")
    try await expectService(of: agent, idle)
    #expect(try await agent.request("GET", "jobs/held", as: client("Flooder", of: agent)).status == 200)

    try await insiders.end()
    try await wait(for: "its share to be free") {
      try await agent.request("GET", "jobs/held", as: reader).status == 200
    }
    try await agent.openGate("held")
    #expect(try await agent.job("held", wait: 30).state == .succeeded)
  }

  /// Two connections of one client send 200 MB of requests that never end.
  @Test func withUnfinishedRequests() async throws {
    let agent = try await Installation.running(configuration: Self.tables)
    let idle = try await bestTime(of: agent)
    let flooder = try client("Flooder", of: agent)
    let listener = try await agent.listenerID()
    let before = try memory("VmRSS", of: listener)
    let insiders = try Insiders(.submit, at: agent, as: flooder, connections: 2)
    let held = try await insiders.heldRequests(atMost: (32 << 20) / Insiders.bodyBytes)
    #expect(held > 8, "it has its share")
    #expect(try memory("VmHWM", of: listener) - before < 96 << 20, "\(held) requests")

    let large = try agent.folder.write("large", Self.job + String(repeating: " ", count: Insiders.bodyBytes))
    let upload = ["--data-binary", "@\(large)"]
    let refused = try await agent.request("PUT", "jobs/more", as: flooder, curl: upload)
    #expect(refused.status == 429 && refused.text.contains("bytes of unfinished requests"), "\(refused.text)")
    try await expectService(of: agent, idle)
    #expect(try await agent.request("PUT", "jobs/of-another", curl: upload).status == 201)
    #expect(try await agent.listenerID() == listener)

    try await insiders.end()
    try await wait(for: "its share to be free") {
      try await agent.request("PUT", "jobs/later", as: flooder, curl: upload).status <= 201
    }
  }

  /// A client that sees only its own jobs, of which there are none, watches the events of all.
  @Test func withStreamsOfEvents() async throws {
    let agent = try await Installation.running(configuration: Self.tables)
    let idle = try await bestTime(of: agent)
    let watcher = try client("Watcher", of: agent)
    let insiders = try Insiders(.watch, at: agent, as: watcher, connections: 4)
    #expect(try await insiders.heldRequests(atMost: 128) > 64, "it has its share")

    let refused = try await agent.request("GET", "events", as: watcher)
    #expect(refused.status == 429 && refused.text.contains("streams of events"), "\(refused.text)")
    try await expectService(of: agent, idle)
    let others = try TestProcess(
      ["curl"] + agent.curlArguments() + ["--no-buffer", "\(agent.url)/events"], environment: agent.environment)
    try await wait(for: "the beginning of another client's events") { others.outputText.hasPrefix("id: ") }
    try await agent.finish("seen", ["/bin/true"], fields: #""directory": "/""#)
    try await wait(for: "the event") { others.outputText.contains("\"seen\"") }
    try await insiders.end()
  }

  private static let job = #"{"command": ["/bin/true"], "directory": "/"}"#

  /// Another client submits, waits and reads as fast as on an idle agent: the best of five, and seconds for what takes milliseconds, because
  /// other tests share the machine. All times that agentd makes a client wait are longer.
  private func expectService(of agent: Installation, _ idle: Duration) async throws {
    let meanwhile = try await bestTime(of: agent)
    #expect(meanwhile < idle * 4 + .seconds(2), "\(meanwhile), idle \(idle)")
  }

  private func bestTime(of agent: Installation) async throws -> Duration {
    var best = Duration.seconds(3600)
    for _ in 1...5 {
      let begun = ContinuousClock.now
      let id = "good-\(UInt64.random(in: 0...UInt64.max))"
      #expect(try await agent.finish(id, ["/bin/echo", "served"], fields: #""directory": "/""#).output == "served\n")
      best = min(best, .now - begun)
    }
    return best
  }

  private func memory(_ field: String, of process: pid_t) throws -> Int {
    try #require(Int(try ProcessTable.status(process)[field]?.first ?? "")) << 10
  }
}
