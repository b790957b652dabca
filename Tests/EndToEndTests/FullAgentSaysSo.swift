// The promise: an agent that cannot accept more says so in a way that a scheduler can handle, and accepts jobs again when it can.
import Glibc
import TestSupport
import Testing

@Suite struct FullAgentSaysSo {
  private static let body = #"{"command": ["/bin/true"]}"#

  @Test func aFullQueueAndAPool() async throws {
    let agent = try await Installation.running(
      configuration: "[jobs]\nmax_running = 2\nmax_queued = 1\n[jobs.pools.one]\nmax_running = 1\n")
    try await agent.submit("a", ["/bin/sleep", "600"], fields: #""pool": "one""#)
    try await agent.submit("b", ["/bin/true"], fields: #""pool": "one""#)
    // The pool is full; the agent is not.
    try await agent.submit("c", ["/bin/sleep", "600"])
    let full = try await agent.request("PUT", "jobs/d", body: Self.body, curl: ["--include"])
    #expect(full.status == 503 && full.text.lowercased().contains("\r\nretry-after: 5\r\n"), "\(full.text)")
    let status = try await agent.request("GET", "agent").text
    #expect(status.contains(#""pools":[{"max_running":1,"name":"one","queued":1,"running":1}]"#), "\(status)")
    for id in ["a", "c"] { #expect(try await agent.request("POST", "jobs/\(id)/cancel").status == 200) }
    #expect(try await agent.job("b", wait: 30).state == .succeeded)
    #expect(try await agent.finish("d", ["/bin/true"]).status.state == .succeeded)
  }

  @Test func aFullDisk() async throws {
    let agent = try await Installation.running(configuration: "[jobs]\ndisk_floor = \(Int.max)\n")
    let full = try await agent.request("PUT", "jobs/a", body: Self.body)
    #expect(full.status == 507 && full.text.contains("must stay free"), "\(full.text)")
    #expect(try await agent.request("GET", "jobs").status == 200)
    let roomier = try agent.folder.read("agentd.toml").replacing("disk_floor = \(Int.max)", with: "disk_floor = 0")
    try agent.folder.write("agentd.toml", roomier)
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete")
    #expect(try await agent.finish("a", ["/bin/true"]).status.state == .succeeded)
  }
}
