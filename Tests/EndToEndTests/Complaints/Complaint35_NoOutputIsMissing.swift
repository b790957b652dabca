// The complaint: dkron-io/dkron#540: output of a job is missing now and then.
// The promise: whoever is told that a job has ended finds all of its output there, every time.
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
          // The last line is written by a process that the job does not wait for by name, just before its end.
          _ = try await client.submit(id, JobRequest(command: ["/bin/sh", "-c", "echo first; echo second | cat"]))
          _ = try await client.finalState(of: id)
          #expect(try await client.wholeOutput(of: id) == Array("first\nsecond\n".utf8))
        }
      }
      try await group.waitForAll()
    }
  }
}
