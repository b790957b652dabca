// Goal: one connection reports every change of state of every job, and resumes where it was.
import AgentClient
import AgentProtocol
import Glibc
import Synchronization
import TestCertificates
import TestSupport
import Testing

@Suite struct EventsTellEveryChange {
  private func watch(_ agent: Installation, since position: EventPosition? = nil) throws -> (
    Task<Void, any Error>, Seen
  ) {
    let client = try agent.client()
    let seen = Seen()
    return (Task { try await client.events(since: position) { seen.append($0) } }, seen)
  }

  @Test func everyStateOfAHundredJobsComesOnceAndInOrder() async throws {
    let agent = try await Installation.running()
    let client = try agent.client()
    let (watching, seen) = try watch(agent)
    try await wait(for: "the beginning") { !seen.all.isEmpty }
    let ids = (1...100).map { JobID("job-\($0)")! }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for id in ids { group.addTask { _ = try await client.submit(id, JobRequest(command: ["/bin/true"])) } }
      try await group.waitForAll()
    }
    try await wait(for: "all ends") { seen.states.values.count { $0.last == .succeeded } == 100 }
    for id in ids {
      #expect([[.running, .succeeded], [.queued, .running, .succeeded]].contains(seen.states[id] ?? []))
    }
    let numbers = seen.all.map(\.position.number)
    #expect(numbers == Array(numbers[0]..<(numbers[0] + UInt64(numbers.count))))
    watching.cancel()
  }

  @Test func itGoesOnThroughReloadAndKilledListener() async throws {
    let agent = try await Installation.running()
    let client = try agent.client()
    let (watching, seen) = try watch(agent)
    try await wait(for: "the beginning") { !seen.all.isEmpty }
    for step in 1...3 {
      if step == 2 { kill(try await agent.listenerID(), SIGKILL) }
      if step == 3 {
        let logged = agent.log.utf8.count
        try agent.signal(SIGHUP)
        try await agent.logLine(with: "reload complete", after: logged)
      }
      let id = JobID("step-\(step)")!
      _ = try await client.submit(id, JobRequest(command: ["/bin/sh", "-c", "exit 3"]))
      try await wait(for: "its end") { seen.states[id] == [.running, .failed] }
    }
    let gaps = seen.all.count { if case .gap = $0 { true } else { false } }
    #expect(gaps == 0)
    watching.cancel()
  }

  @Test func whatWasMissedComesFirstAndARestartIsAGap() async throws {
    let agent = try await Installation.running()
    let client = try agent.client()
    let (first, seen) = try watch(agent)
    try await wait(for: "the beginning") { !seen.all.isEmpty }
    first.cancel()
    let id = JobID("missed")!
    _ = try await client.submit(id, JobRequest(command: ["/bin/true"]))
    _ = try await client.finalState(of: id)
    let (second, later) = try watch(agent, since: seen.all[0].position)
    try await wait(for: "what was missed") { later.states[id] == [.running, .succeeded] }
    try await agent.stop(SIGKILL)
    try await agent.start()
    try await wait(for: "the gap") { if case .gap? = later.all.last { true } else { false } }
    second.cancel()
  }

  @Test func whoSeesOnlyItsOwnJobsIsToldOfThemAlone() async throws {
    let agent = try await Installation.running(
      configuration: ["Executor Connector", "Second"]
        .map { "[[client]]\ncertificate = \"CN=\($0)\"\ndefault_user = \"nobody\"\n" }.joined())
    let second = try agent.client(as: Presented(try PKI.shared.client("Second", by: agent.certificates.root)))
    let seen = Seen()
    let watching = Task { try await second.events { seen.append($0) } }
    try await wait(for: "the beginning") { !seen.all.isEmpty }
    let (hidden, own) = (JobID("hidden")!, JobID("own")!)
    _ = try await agent.client().submit(hidden, JobRequest(command: ["/bin/true"]))
    _ = try await agent.client().finalState(of: hidden)
    _ = try await second.submit(own, JobRequest(command: ["/bin/true"]))
    try await wait(for: "its own job's end") { seen.states[own] == [.running, .succeeded] }
    #expect(seen.states[hidden] == nil)
    watching.cancel()
  }

  @Test func nonsenseIsRefused() async throws {
    let agent = try await Installation.running()
    for place in ["x", "1", "1-", "-1", "1-2-3", "99999999999999999999-1"] {
      #expect(try await agent.request("GET", "events?since=\(place)").status == 400)
      #expect(try await agent.request("GET", "events", curl: ["-H", "Last-Event-ID: \(place)"]).status == 400)
    }
  }

  @Test func aHundredWatchersOneOfThemDeaf() async throws {
    let agent = try await Installation.running()
    let deaf = try TestProcess(
      ["curl"] + agent.curlArguments() + ["--limit-rate", "1", "\(agent.url)/events"], environment: agent.environment)
    let client = try agent.client { $0.connections = 200 }
    let seen = (1...100).map { _ in Seen() }
    let watching = seen.map { one in Task { try await client.events { one.append($0) } } }
    try await wait(for: "all to watch") { seen.allSatisfy { !$0.all.isEmpty } }
    let id = JobID("watched")!
    _ = try await client.submit(id, JobRequest(command: ["/bin/true"]))
    try await wait(for: "all to see") { seen.allSatisfy { $0.states[id]?.last == .succeeded } }
    for task in watching { task.cancel() }
    try deaf.handle.send(SIGKILL)
  }
}

/// The events that a watcher has received so far.
private final class Seen: Sendable {
  private let events = Mutex<[AgentEvent]>([])
  var all: [AgentEvent] { events.withLock { $0 } }
  func append(_ event: AgentEvent) { events.withLock { $0.append(event) } }

  /// The states of each job, in order.
  var states: [JobID: [JobState]] {
    var states: [JobID: [JobState]] = [:]
    for case .changed(let change, _) in all { states[change.id, default: []].append(change.state) }
    return states
  }
}
