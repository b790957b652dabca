// The complaint: dkron-io/dkron#1483: jobs that have ended count as running until the agent restarts.
// The promise: once the end of a job is reported, its slot is free, however it ended.
import TestSupport
import Testing

@Suite struct Complaint33_EndedJobsGiveTheirPlaceBack {
  @Test func whateverTheEnd() async throws {
    let agent = try await Installation.running(configuration: "[jobs]\nmax_running = 1\n")
    let jobs: [(command: [String], fields: String)] = [
      (["/bin/true"], #""labels": {}"#), (["/nonexistent"], #""labels": {}"#),
      (["/bin/sleep", "600"], #""timeout": 0.1"#),
      (["/bin/sh", "-c", "kill -9 $$"], #""labels": {}"#), (["/bin/true"], #""user": "no-such-user""#),
    ]
    for (number, job) in jobs.enumerated() {
      try await agent.submit("job-\(number)", job.command, fields: job.fields)
      #expect(try await agent.job("job-\(number)", wait: 60).state.isFinal)
      #expect(try await agent.request("GET", "agent").text.contains("\"running\":0"))
    }
  }
}
