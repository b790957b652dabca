// The complaint: dkron-io/dkron#540: output of a job is sometimes missing.
// The promise: once the end of a job is reported, all of its output is available, every time.
import AgentProtocol
import TestSupport
import Testing

@Suite struct Complaint35_NoOutputIsMissing {
  @Test func twoHundredShortJobsSixteenAtOnce() async throws {
    let agent = try await Installation.running()
    let client = try agent.client { $0.connections = 16 }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...200 {
        group.addTask {
          let id = JobID("short-\(number)")!
          // The last line is written just before the end of the job, by a process for which it does not explicitly wait.
          _ = try await client.submit(id, JobRequest(command: ["/bin/sh", "-c", "echo first; echo second | cat"]))
          _ = try await client.finalState(of: id)
          #expect(try await client.wholeOutput(of: id) == Array("first\nsecond\n".utf8))
        }
      }
      try await group.waitForAll()
    }
  }
}
