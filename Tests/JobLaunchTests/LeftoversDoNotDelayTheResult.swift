import AgentProtocol
import Glibc
import Testing

/// Goal: the result is available when the main process has ended, although its children hold the output open; they are gone then.
struct LeftoversDoNotDelayTheResult {
  @Test(arguments: [
    "sleep 1000 & echo $!", "setsid sleep 1000 & echo $!", "trap '' TERM HUP; nohup sleep 1000 & echo $!",
    "(sleep 1000 & echo $!)",
  ])
  func leftBehind(_ script: String) async throws {
    let bench = try JobBench()
    let start = ContinuousClock.now
    let (outcome, output) = try await bench.run(.shell("\(script); exit 7"))
    #expect(outcome.state == .failed)
    #expect(outcome.exitCode == 7)
    #expect(outcome.reason == "it left 1 process, killed at its end")
    #expect(outcome.killed == 1 && outcome.left == 0)
    #expect(!isAlive(try #require(pid_t(output.split(separator: "\n").last ?? ""))))
    #expect(ContinuousClock.now - start < .seconds(500))
  }
}
