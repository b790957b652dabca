// Goal: however many clients are slow, silent, greedy or broken, with a certificate or without, a valid client is served as on an idle
// agent, and all resources they used are released.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct HostileClientsCostOthersNothing {
  /// What the clients do; agentd's limits or the clients themselves end it.
  @Test(arguments: HostileClients.Behaviour.allCases)
  func whileThey(_ behaviour: HostileClients.Behaviour) async throws {
    let agent = try await Installation.running(
      configuration: "[limits]\nhandshake_timeout = 4\nidle_timeout = 5\nrequests_per_connection = 1000\n")
    _ = try await agent.finish("large", ["/usr/bin/head", "-c", "67108864", "/dev/zero"], fields: #""directory": "/""#)
    let listener = try await agent.listenerID()
    let before = try Cost(of: listener)
    let quick = try await bestTime(of: agent)

    let hostile = try HostileClients(behaviour, at: agent)
    try await wait(for: "them to have begun") { hostile.haveBegun }
    let meanwhile = try await bestTime(of: agent)
    // The best of five, and seconds for what takes milliseconds: other tests and the hostile clients share the machine. All times that they
    // make agentd wait are longer.
    #expect(meanwhile < quick * 4 + .seconds(2), "\(meanwhile), idle \(quick)")
    let during = try Cost(of: listener)
    #expect(during.residentKiB - before.residentKiB < 64 * 1024, "\(during), before \(before)")

    if behaviour.isEndedByAgentd { try await wait(for: "agentd to close") { hostile.areOver } }
    try await hostile.end()
    if isRoot {
      try await wait(for: "the descriptors to come back") {
        try Cost(of: listener).descriptors ?? 0 <= (before.descriptors ?? 0) + 1
      }
    }
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(try await agent.listenerID() == listener, "\(agent.log)")
  }

  private func bestTime(of agent: Installation) async throws -> Duration {
    var best = Duration.seconds(3600)
    for _ in 1...5 {
      let begun = ContinuousClock.now
      #expect(try await agent.request("GET", "agent").status == 200)
      best = min(best, .now - begun)
    }
    return best
  }

  private struct Cost: CustomStringConvertible {
    let residentKiB: Int
    /// Only root can inspect another user's process.
    let descriptors: Int?

    init(of process: pid_t) throws {
      residentKiB = try ProcessTable.status(process)["VmRSS"]?.first.flatMap { Int($0) } ?? 0
      descriptors = isRoot ? try Folder.names(in: "/proc/\(process)/fd").count : nil
    }

    var description: String { "\(residentKiB) KiB, \(descriptors.map { "\($0)" } ?? "?") descriptors" }
  }
}
