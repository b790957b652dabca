// Goal: a scheduler that uses the client library does not notice when an agent reloads, crashes or restarts.
import AgentClient
import AgentProtocol
import Glibc
import TestSupport
import Testing

@Suite struct ClientGoesOnThroughKills {
  @Test func everyByteOfAFollowedOutputArrivesOnce() async throws {
    let agent = try await Installation.running()
    let client = try agent.client()
    let id = JobID("talk")!
    // On a busy machine, the job may reach the gate again before it was closed: it then reads end of file, which is not the signal to
    // continue.
    let script = "for step in 1 2 3 4; do seq 20000; until read line < go; do :; done; done"
    try await agent.submit("talk", ["/bin/sh", "-c", script], fields: try agent.gate("go"))
    let received = CollectedBytes()
    let following = Task {
      try await client.output(of: id, follow: true) { bytes in received.append(bytes) }
    }
    let part = (1...20000).map { "\($0)\n" }.joined().utf8.count
    func arrive(_ parts: Int) async throws {
      try await wait(for: "\(parts) parts") { received.bytes.count == parts * part }
    }
    try await arrive(1)
    kill(try await agent.listenerID(), SIGKILL)
    try await agent.openGate("go")
    try await arrive(2)
    let logged = agent.log.utf8.count
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete", after: logged)
    try await agent.openGate("go")
    try await arrive(3)
    try await agent.stop(SIGKILL)
    try await agent.openGate("go")
    try await agent.start()
    try await arrive(4)
    try await agent.openGate("go")
    #expect(try await following.value == Int64(4 * part))
    let once = Array((1...20000).map { "\($0)\n" }.joined().utf8)
    #expect(received.bytes == once + once + once + once)
    #expect(try await client.finalState(of: id).state == .succeeded)
  }

  @Test func aSubmitAndAWaitOutliveARestart() async throws {
    let agent = try await Installation.running()
    let client = try agent.client()
    let id = JobID("long")!
    try await agent.submit("long", ["/bin/sh", "-c", "read line < go; exit 3"], fields: try agent.gate("go"))
    let waiting = Task { try await client.finalState(of: id) }
    try await agent.stop()
    let submitting = Task { try await client.submit(JobID("late")!, JobRequest(command: ["/bin/true"])) }
    try await agent.start()
    #expect(try await submitting.value.isNew)
    #expect(try await client.finalState(of: JobID("late")!).state == .succeeded)
    try await agent.openGate("go")
    #expect(try await waiting.value.exitCode == 3)
  }

  @Test func aHundredTasksShareFewConnections() async throws {
    let agent = try await Installation.running()
    let client = try agent.client { $0.connections = 8 }
    let states = try await withThrowingTaskGroup(of: JobState.self) { group in
      for number in 1...100 {
        group.addTask {
          let id = JobID("many-\(number)")!
          _ = try await client.submit(id, JobRequest(command: ["/bin/true"]))
          return try await client.finalState(of: id).state
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(states == Array(repeating: .succeeded, count: 100))
    // A replaced one may still be closing.
    try await wait(for: "no more than eight connections") { try agent.connections <= 8 }
    #expect(try await client.allJobs().count == 100)
    try await client.forget(JobID("many-1")!)
    try await client.forget(JobID("many-1")!)
    #expect(try await client.allJobs().count == 99)
  }
}
