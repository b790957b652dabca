import TestSupport
import Testing

/// A listener answers each probe once, after its event loops and its signer have.
@Suite struct ListenerAnswersProbes {
  @Test func eachOnce() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    #expect(listener.supervisor.signsOfLife == 0)
    for count in 1...3 {
      try listener.supervisor.send(.probe)
      try await wait(for: "an answer") { listener.supervisor.signsOfLife == count }
    }
  }
}
