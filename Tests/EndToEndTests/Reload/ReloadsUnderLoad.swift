// Goal: however often agentd reloads, whatever has changed, no client notices: neither new nor persistent ones, nor those that wait or
// follow; and nothing is left of the replaced listeners.
//
// `make test` reloads a few times, `make reloads` a thousand times.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct ReloadsUnderLoad {
  @Test(.timeLimit(.minutes(60))) func noRequestFailsAndNothingIsLeft() async throws {
    let wanted = Wanted.ofEnvironment
    let agent = try await Installation.running(configuration: "[jobs]\noutput_limit = 1000000000\n")
    var changes = try await ReloadChanges(of: agent, seed: wanted.seed)
    try await agent.submit("talk", ["/bin/sh", "-c", Follower.script], fields: try agent.gate("stop"))
    let before = try await Footprint.settled(of: agent)

    let load = try SteadyLoad(on: agent, ports: changes.ports)
    let ports = changes.ports
    async let followed = Follower.output(of: "talk", at: agent, ports: ports)
    var half = before
    for number in 1...wanted.reloads {
      try await agent.reload { try await changes.next(at: agent) }
      if number == wanted.reloads / 2 { half = try Footprint(of: agent) }
    }
    try await agent.reload { try await changes.restorePort(at: agent) }
    try await agent.openGate("stop")
    #expect(try await agent.job("talk", wait: 60).state == .succeeded)
    #expect(try await followed == agent.request("GET", "jobs/talk/output").body, "what was followed in pieces")
    let outcome = try await load.outcome()

    let after = try await Footprint.settled(of: agent)
    print("\(wanted): \(outcome), supervisor before \(before), half-way \(half), after \(after)")
    #expect(outcome.failed == 0, "\(wanted): \(outcome)")
    #expect(outcome.requests > wanted.reloads)
    #expect(
      after.processes == before.processes && after.descriptors <= before.descriptors, "\(wanted): \(after), \(before)")
    #expect(after.anonymousKiB - half.anonymousKiB < min(1024, 512 + wanted.reloads), "\(wanted): \(half), \(after)")
    let complaints = agent.log.split(separator: "\n").filter {
      $0.contains(" error ") || $0.contains("listener exited")
    }
    #expect(complaints == [], "\(wanted)")
  }
}

/// The number of reloads and the seed, as set by `make reloads`.
private struct Wanted: CustomStringConvertible {
  let reloads: Int
  let seed: UInt64

  static var ofEnvironment: Wanted {
    func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
    return Wanted(
      reloads: Int(min(number("AGENTD_RELOADS") ?? 24, 100_000)),
      seed: number("AGENTD_SEED") ?? UInt64.random(in: 1...999_999))
  }

  var description: String { "\(reloads) reloads (AGENTD_SEED=\(seed))" }
}

/// The resources of the supervisor.
private struct Footprint: CustomStringConvertible {
  let processes: Int
  let descriptors: Int
  /// Pages of the program come and go as it is idle or busy, and say nothing about a leak.
  let anonymousKiB: Int

  init(of agent: Installation) throws {
    processes = try ProcessTable.children(of: agent.supervisorID).count {
      ProcessTable.title($0)?.hasPrefix("agentd: ") ?? true
    }
    descriptors = try ProcessTable.openFiles(agent.supervisorID).count
    anonymousKiB = try ProcessTable.status(agent.supervisorID)["RssAnon"]?.first.flatMap { Int($0) } ?? 0
  }

  /// Returns the footprint once only one listener is left.
  static func settled(of agent: Installation) async throws -> Footprint {
    _ = try await agent.listenerID()
    _ = try await agent.signerID()
    return try Footprint(of: agent)
  }

  var description: String { "\(processes) processes, \(descriptors) descriptors, \(anonymousKiB) KiB" }
}

extension Installation {
  /// Makes a change of which agentd is notified, and waits until it is in effect.
  fileprivate func reload(_ change: () async throws -> Void) async throws {
    let logged = try DurableFile.read(folder.path("agentd.log"), limit: 1 << 28).count
    try await change()
    try await wait(for: "the reload") {
      let added = try DurableFile.read(folder.path("agentd.log"), limit: 1 << 28).dropFirst(logged)
      if added.firstRange(of: "reload failed".utf8) != nil {
        throw HarnessError(String(decoding: added, as: UTF8.self))
      }
      return added.firstRange(of: "reload complete".utf8) != nil
    }
  }
}
