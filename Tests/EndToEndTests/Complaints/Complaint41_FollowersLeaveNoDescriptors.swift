// The complaint: hashicorp/nomad#6309: the process that transports logs runs out of descriptors.
// The promise: when jobs and their followers are gone, all agentd processes have as many open descriptors as before.
import AgentProtocol
import TestSupport
import Testing

@Suite struct Complaint41_FollowersLeaveNoDescriptors {
  @Test func afterFourHundredFollowers() async throws {
    let agent = try await Installation.running()
    let before = try await open(agent)
    for _ in 1...4 {
      let client = try agent.client { $0.connections = 100 }
      let id = JobID("job-\(UInt32.random(in: 0 ... .max))")!
      try await agent.submit("\(id)", ["/bin/sh", "-c", "echo a; sleep 0.5; echo b"])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...100 {
          group.addTask {
            // Half of them give up halfway.
            if number % 2 == 0 {
              let output = try await client.wholeOutput(of: id, follow: true)
              #expect(output == Array("a\nb\n".utf8))
            } else {
              await #expect(throws: HarnessError.self) {
                try await client.output(of: id, follow: true) { _ in throw HarnessError("enough") }
              }
            }
          }
        }
        try await group.waitForAll()
      }
      client.close()
    }
    try await wait(for: "as many descriptors as before: \(before)") { try await open(agent) <= before }
  }

  private func open(_ agent: Installation) async throws -> Int {
    let processes = [agent.supervisorID, try await agent.listenerID(), try await agent.signerID()]
    return try processes.reduce(0) { $0 + (try ProcessTable.openFiles($1).count) }
  }
}
