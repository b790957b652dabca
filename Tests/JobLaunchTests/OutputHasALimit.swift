import AgentProtocol
import Glibc
import JobLaunch
import Testing

/// Goal: a job that exceeds its output limit is ended, its output is exactly as long as the limit, and the rest is counted.
struct OutputHasALimit {
  private static let limit: Int64 = 1_000_000

  private func run(_ script: String) async throws -> (bench: JobBench, outcome: JobOutcome) {
    let bench = try JobBench()
    var request = JobRequest.shell(script)
    request.outputLimit = Self.limit
    request.killGrace = 1000
    let job = try bench.start("job-1", request)
    let outcome = try await bench.end(of: job)
    #expect(try bench.launcher.openOutput(of: job.id).status().st_size == outcome.outputBytes ?? -1)
    return (bench, outcome)
  }

  @Test(arguments: [
    // At once, slowly, from a child in another session, and by one that has ended before anybody checks.
    "trap '' TERM; exec yes", "sleep 0.2; while :; do head -c 100000 /dev/zero; sleep 0.01; done",
    "setsid sh -c 'trap \"\" TERM; yes' & exec sleep 1000", "head -c 1500000 /dev/zero",
  ])
  func tooMuch(_ script: String) async throws {
    let outcome = try await run(script).outcome
    #expect(outcome.state == .outputLimit)
    #expect(outcome.outputBytes == Self.limit)
    let dropped = try #require(outcome.outputBytesDropped)
    #expect(dropped > 0)
    #expect(
      outcome.reason
        == "its output reached the limit of 976.6 KiB; \(dropped) bytes were dropped", "\(outcome)")
    #expect(outcome.left == 0)
    if script.hasPrefix("head") { #expect(dropped <= 500_000) }
  }

  /// One byte more is too much, on whichever stream it is.
  @Test(
    arguments: [
      ("head -c 1000000 /dev/zero", nil, 0), ("head -c 1000001 /dev/zero", nil, 1),
      ("head -c 600000 /dev/zero; head -c 400000 /dev/zero >&2", ErrorOutput.separate, 0),
      ("head -c 600000 /dev/zero; head -c 400001 /dev/zero >&2", .separate, 1),
      ("head -c 1000000 /dev/zero >&2; printf x", .separate, 1), ("head -c 1000000 /dev/zero; printf x >&2", nil, 1),
    ] as [(String, ErrorOutput?, Int64)])
  func theLimitIsExact(_ script: String, _ stderr: ErrorOutput?, _ dropped: Int64) async throws {
    let bench = try JobBench()
    var request = JobRequest.shell(script)
    request.outputLimit = Self.limit
    request.stderr = stderr
    let job = try bench.start("job-1", request)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == (dropped == 0 ? .succeeded : .outputLimit))
    #expect((outcome.outputBytes ?? 0) + (outcome.stderrBytes ?? 0) == Self.limit)
    #expect(outcome.outputBytesDropped == dropped)
  }

  @Test func justAsMuch() async throws {
    let outcome = try await run("head -c 400000 /dev/zero; sleep 0.3; head -c 600000 /dev/zero; exit 4").outcome
    #expect(outcome.state == .failed)
    #expect(outcome.exitCode == 4)
    #expect(outcome.outputBytes == Self.limit)
    #expect(outcome.outputBytesDropped == 0)
    #expect(outcome.reason == nil)
  }

  /// The limit applies to the output, not to other files that the job writes.
  @Test func otherFilesAreTheJobsOwnMatter() async throws {
    let home = try JobBench().home
    let outcome = try await run("head -c 2000000 /dev/zero > \(home.path("large"))").outcome
    #expect(outcome.state == .succeeded)
  }

  /// The configured limit applies to a request without one, and is the maximum for others.
  @Test func theConfiguredOne() async throws {
    let bench = try JobBench()
    var launcher = bench.launcher
    let rows: [(configured: Int64?, named: Int64?, state: JobState)] = [
      (10, nil, .outputLimit), (10, 20, .outputLimit), (20, nil, .succeeded), (20, 10, .outputLimit),
      (nil, nil, .succeeded), (nil, 10, .outputLimit),
    ]
    for (number, row) in rows.enumerated() {
      launcher.outputLimit = row.configured
      var request = JobRequest.shell("echo fifteen bytes.")
      request.outputLimit = row.named
      let job = try launcher.startUnreported("job-\(number)", request, as: Account.resolve(nil))
      #expect(try await bench.end(of: job).state == row.state, "\(row)")
    }
  }
}
