// Goal: a scheduler that repeats a submit because the answer was lost gets the same job, not a second one; a different job with the same id
// is refused.
import TestSupport
import Testing

@Suite struct SameJobTwiceStartsNothingTwice {
  @Test func theSameBodyIsAnsweredWithTheJobAnotherIsAConflict() async throws {
    let agent = try await Installation.running()
    let body = #"{"command": ["/bin/echo", "once"]}"#
    #expect(try await agent.request("PUT", "jobs/twice", body: body).status == 201)
    #expect(try await agent.request("PUT", "jobs/twice", body: body).status == 200)
    #expect(try await agent.job("twice", wait: 20).state == .succeeded)
    #expect(try await agent.request("PUT", "jobs/twice", body: body).status == 200)
    #expect(try await agent.request("GET", "jobs/twice/output").text == "once\n")

    let other = try await agent.request("PUT", "jobs/twice", body: #"{"command": ["/bin/echo", "other"]}"#)
    #expect(other.status == 409)
    #expect(other.text.contains("/problems/conflict"))
  }

  @Test func twentyAtOnceStartOne() async throws {
    let agent = try await Installation.running()
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 1...20 {
        group.addTask {
          try await agent.request("PUT", "jobs/one", body: #"{"command": ["/bin/echo", "once"]}"#).status
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses.sorted() == Array(repeating: 200, count: 19) + [201])
    #expect(try await agent.job("one", wait: 20).state == .succeeded)
    #expect(try await agent.request("GET", "jobs/one/output").text == "once\n")
  }
}
