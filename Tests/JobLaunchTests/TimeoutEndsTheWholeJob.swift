import AgentProtocol
import Testing

/// Goal: a job does not live longer than its timeout plus grace, whatever it does with signals.
struct TimeoutEndsTheWholeJob {
  @Test func oneThatIgnoresTerm() async throws {
    let bench = try JobBench()
    var request = JobRequest.shell("trap '' TERM; echo $$; while :; do sleep 0.1; done")
    request.timeout = 0.3
    request.killGrace = 0.4
    let start = ContinuousClock.now
    let (outcome, output) = try await bench.run(request)
    #expect(outcome.state == .timedOut)
    #expect(outcome.signal == "SIGKILL")
    #expect(outcome.exitCode == nil)
    #expect(outcome.reason == "timed out after 300 ms")
    #expect((.milliseconds(700)...).contains(ContinuousClock.now - start))
    #expect(!isAlive(try #require(Int32(output.split(separator: "\n")[0]))))
  }

  @Test func oneThatCleansUp() async throws {
    let bench = try JobBench()
    var request = JobRequest.shell("trap 'echo cleaned; exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    request.timeout = 1
    request.killGrace = 1000
    let start = ContinuousClock.now
    let (outcome, output) = try await bench.run(request)
    #expect(outcome.state == .timedOut)
    #expect(outcome.exitCode == 3)
    #expect(outcome.reason == "timed out after 1 s")
    // In between, the shell reports its sleep, which also received the signal.
    #expect(output.hasPrefix("ready\n") && output.hasSuffix("cleaned\n"), "\(output)")
    #expect(ContinuousClock.now - start < .seconds(500))
  }

  /// Children that the main process leaves behind while it is being ended have the rest of the grace.
  @Test func aChildThatCleansUpLongerThanItsParent() async throws {
    let bench = try JobBench()
    var request = JobRequest.shell(
      "setsid sh -c 'trap \"sleep 0.3; echo cleaned; exit\" TERM; echo ready; while :; do sleep 0.05; done' & wait")
    request.timeout = 0.5
    request.killGrace = 1000
    let (outcome, output) = try await bench.run(request)
    #expect(outcome.state == .timedOut)
    #expect(outcome.signal == "SIGTERM")
    // In between, the shell reports its sleep, which also received the signal.
    #expect(output.hasPrefix("ready\n") && output.hasSuffix("cleaned\n"), "\(output)")
  }

  @Test func oneThatIsDoneBefore() async throws {
    let bench = try JobBench()
    var request = JobRequest(command: ["/bin/true"])
    request.timeout = 60
    #expect(try await bench.run(request).outcome.state == .succeeded)
  }
}
