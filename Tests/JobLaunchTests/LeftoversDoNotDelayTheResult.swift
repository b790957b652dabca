import AgentProtocol
import Glibc
import JobLaunch
import TestSupport
import Testing

/// Goal: the result is available when the main process has ended, although its children hold the output open; they are gone then. What ends
/// on its own soon is awaited.
struct LeftoversDoNotDelayTheResult {
  /// The time that a leftover may take to end on its own.
  static let settleTime = Duration.seconds(2)

  private func shell(_ script: String, _ bench: JobBench, grace: Double = 0.2) -> JobRequest {
    var request = JobRequest(command: ["/bin/bash", "-c", script])
    request.killGrace = grace
    request.directory = bench.home.path
    return request
  }

  @Test(arguments: [
    "sleep 1000 & echo $!", "setsid sleep 1000 & echo $!", "trap '' TERM HUP; nohup sleep 1000 & echo $!",
    "(sleep 1000 & echo $!)", "sleep 1000 > /dev/null 2>&1 & echo $!", "exec 3>&1 >&-; sleep 1000 & echo $! >&3",
  ])
  func leftBehind(_ script: String) async throws {
    let bench = try JobBench()
    let start = ContinuousClock.now
    let (outcome, output) = try await bench.run(shell("\(script); exit 7", bench))
    #expect(outcome.state == .failed)
    #expect(outcome.exitCode == 7)
    #expect(outcome.reason == "it left 1 process, killed at its end")
    #expect(outcome.killed == 1 && outcome.left == 0)
    #expect(!isAlive(try #require(pid_t(output.split(separator: "\n").last ?? ""))))
    #expect(ContinuousClock.now - start > Self.settleTime)
    #expect(ContinuousClock.now - start < .seconds(500))
  }

  /// Each is complete after the end of the main process only.
  @Test(arguments: [
    ("exec > >(tee copy) 2>&1; seq 5000; echo LAST", "copy"),
    ("exec > >(sleep 0.3; cat); seq 5000; echo LAST", nil),
    ("seq 5000 > >(gzip > packed); exec 3< <(sleep 0.2); echo LAST | tee >(sleep 0.2; cat > late) > /dev/null", nil),
    ("(sleep 0.5; seq 5000; echo LAST) & echo", nil),
    ("setsid sh -c 'sleep 0.5; seq 5000; echo LAST' & disown; echo", nil),
  ])
  func whatEndsByItselfIsAwaited(_ script: String, _ copy: String?) async throws {
    let bench = try JobBench()
    let (outcome, output) = try await bench.run(shell("\(script); exit 3", bench, grace: 60))
    #expect(outcome.state == .failed && outcome.exitCode == 3)
    #expect(outcome.reason == nil && outcome.killed == 0 && outcome.left == 0, "\(outcome)")
    if script.contains("gzip") {
      let packed = try await run("gzip", "-dc", bench.home.path("packed"))
      #expect(packed.outputText.split(separator: "\n").count == 5000)
      #expect(try bench.home.read("late") == "LAST\n")
    } else {
      #expect(output.hasSuffix("\n5000\nLAST\n"))
      if let copy { #expect(try bench.home.read(copy) == output) }
    }
  }

  /// SIGTERM comes first, and what it makes a process write is kept.
  @Test func theyAreToldToEndBeforeTheyAreKilled() async throws {
    let bench = try JobBench()
    let script = "(trap 'sleep 0.3; echo bye; exit' TERM; echo $BASHPID; while :; do sleep 0.1; done) & echo; exit 5"
    let (outcome, output) = try await bench.run(shell(script, bench, grace: 60))
    #expect(outcome.state == .failed && outcome.exitCode == 5)
    #expect(output.hasSuffix("bye\n"))
    #expect(try #require(outcome.reason).hasSuffix(", killed at its end"))
    #expect(outcome.left == 0)
  }

  /// A job that has ended stays what it was, but a cancellation ends the wait.
  @Test func aCancellationMeanwhileEndsTheWait() async throws {
    let bench = try JobBench()
    let job = try bench.start("job-1", shell("trap '' TERM; echo $$; sleep 1000 & exit 6", bench))
    let main = try await wait(for: "the job") { pid_t(try bench.output(of: job).split(separator: "\n").first ?? "") }
    try await wait(for: "the end of its main process") { !isAlive(main) }
    try bench.launcher.cancel(job, by: "CN=late")
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .failed && outcome.exitCode == 6)
    #expect(outcome.reason == "it left 1 process, killed at its end")
  }

  /// A job that leaves nothing is not delayed.
  @Test func withoutLeftoversThereIsNoWait() async throws {
    let bench = try JobBench()
    let start = ContinuousClock.now
    for number in 0..<10 {
      let job = try bench.start("job-\(number)", shell("sleep 0 & wait; echo done", bench))
      #expect(try await bench.end(of: job).state == .succeeded)
    }
    #expect(ContinuousClock.now - start < Self.settleTime * 10)
  }

  /// The limit applies to what leftovers write, too.
  @Test func aFloodOfALeftoverEndsAtTheLimit() async throws {
    let bench = try JobBench()
    var request = shell("yes & exit 0", bench)
    request.outputLimit = 100_000
    let job = try bench.start("job-1", request)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .outputLimit && outcome.outputBytes == 100_000)
  }
}
