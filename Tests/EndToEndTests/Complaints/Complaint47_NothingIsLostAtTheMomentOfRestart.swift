// The complaint: dkron-io/dkron#764, #998, puppetlabs/pxp-agent PR#727, borg-ui#869: no jobs after a change of leader, a message lost in a
// restart, a job reaped when it could have been recovered.
// The promise: jobs that are submitted, wait, run or end while agentd is killed and restarted all come to their own end.
import AgentProtocol
import Glibc
import TestSupport
import Testing

@Suite struct Complaint47_NothingIsLostAtTheMomentOfRestart {
  @Test func throughTenKills() async throws {
    let agent = try await Installation.running(configuration: "[jobs]\nmax_running = 4\n")
    let client = try agent.client()
    let running = Task {
      try await withThrowingTaskGroup(of: (JobID, JobStatus).self) { group in
        for number in 1...60 {
          group.addTask {
            let id = JobID("job-\(number)")!
            _ = try await client.submit(
              id, JobRequest(command: ["/bin/sh", "-c", "sleep 0.\(number % 10); exit \(number)"]))
            return (id, try await client.finalState(of: id))
          }
        }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
    }
    for _ in 1...10 {
      try await Task.sleep(for: .milliseconds(150))
      try await agent.stop(SIGKILL)
      try await agent.start()
    }
    let ends = try await running.value
    for number in 1...60 {
      let end = ends[JobID("job-\(number)")!]
      // agentd was killed between the record and the start of the job: it did not run, and its state says so.
      #expect(end?.exitCode == Int32(number) || end?.state == .interrupted && end?.outputBytes ?? 0 == 0)
    }
    #expect(ends.values.count { $0.state == .interrupted } <= 10)
  }
}
