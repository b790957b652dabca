import AgentProtocol
import Glibc
import JobLaunch
import ShepherdContract
import SystemCalls
import TestSupport
import Testing

/// Goal: a job whose request says so leaves processes running, and nobody ends them later; any other end of the job ends them.
struct ProcessesMayBeLeft {
  private func leaving(_ script: String, _ bench: JobBench) -> JobRequest {
    var request = JobRequest.shell(script)
    request.leaveProcesses = true
    request.killGrace = 0.2
    request.directory = bench.home.path
    return request
  }

  private func firstNumber(_ text: String) -> pid_t? { pid_t(text.split(separator: "\n").first ?? "") }

  static let daemons = [
    "setsid sleep 1000 > /dev/null 2>&1 < /dev/null & echo $!; exit 3", "sleep 1000 & echo $!; exit 3",
    "(setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &); exit 3",
  ]

  @Test(arguments: daemons)
  func itRunsOn(_ script: String) async throws {
    let bench = try JobBench()
    let start = ContinuousClock.now
    let (outcome, output) = try await bench.run(leaving(script, bench))
    let daemon = try #require(firstNumber(output))
    defer { kill(daemon, SIGKILL) }
    #expect(outcome.state == .failed && outcome.exitCode == 3)
    #expect(outcome.killed == 0 && outcome.left == 1)
    #expect(outcome.reason == "it left 1 process running, as requested")
    #expect(isAlive(daemon))
    // One that could still write is awaited as long as any other.
    #expect((ContinuousClock.now - start > .seconds(2)) == script.hasPrefix("sleep"))
  }

  /// What ends by itself is awaited all the same, so that nothing that it writes is lost.
  @Test func aTeeIsAwaited() async throws {
    let bench = try JobBench()
    var request = leaving("", bench)
    request.command = [
      "/bin/bash", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!; exec > >(sleep 0.3; tee copy); echo LAST",
    ]
    let (outcome, output) = try await bench.run(request)
    let daemon = try #require(firstNumber(output))
    defer { kill(daemon, SIGKILL) }
    #expect(output.hasSuffix("LAST\n"))
    #expect(outcome.left == 1 && isAlive(daemon))
  }

  /// Its output ends with the job.
  @Test func itsOutputIsClosed() async throws {
    let bench = try JobBench()
    let script = """
      (trap '' PIPE; while :; do echo more || break; sleep 0.05; done 2> why; echo $? > ended) & echo started
      """
    var request = leaving("", bench)
    request.command = ["/bin/bash", "-c", script]
    let (outcome, _) = try await bench.run(request)
    #expect(outcome.state == .succeeded && outcome.left ?? 0 > 0)
    try await wait(for: "the failed write") { (try? bench.home.read("ended"))?.isEmpty == false }
    #expect(try bench.home.read("why").contains("Broken pipe"))
  }

  @Test(arguments: ["cancel", "timeout", "limit"])
  func anotherEndOfTheJobEndsThemToo(_ how: String) async throws {
    let bench = try JobBench()
    let flood = how == "limit" ? "yes" : "sleep 1000"
    var request = leaving("setsid sleep 1000 >/dev/null 2>&1 & echo $!; \(flood); exit", bench)
    request.timeout = how == "timeout" ? 1 : nil
    request.outputLimit = how == "limit" ? 1000 : nil
    let job = try bench.start("job-1", request)
    let daemon = try await wait(for: "the daemon") { firstNumber(try bench.output(of: job)) }
    if how == "cancel" { try bench.launcher.cancel(job, by: "CN=somebody") }
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == ["cancel": .cancelled, "timeout": .timedOut, "limit": .outputLimit][how])
    #expect(outcome.left == 0 && !isAlive(daemon))
  }

  /// It keeps its control group, which the next agentd leaves alone, and so does the next job of the same name.
  @Test(.enabled(if: geteuid() == 0, "mounting a cgroup2 file system needs root"))
  func itKeepsItsControlGroup() async throws {
    let bench = try JobBench(controlGroups: true)
    let (outcome, output) = try await bench.run(leaving(Self.daemons[0], bench))
    let daemon = try #require(firstNumber(output))
    defer { kill(daemon, SIGKILL) }
    #expect(outcome.left == 1)
    bench.launcher.removeControlGroups(besides: [])
    #expect(isAlive(daemon))
    try bench.launcher.remove(JobID("job-1")!)
    #expect(try await bench.run(leaving("exit 0", bench)).outcome.left == 0)
    #expect(isAlive(daemon))
    #expect(try bench.controlGroupNames.count == 1)
    kill(daemon, SIGKILL)
    try await wait(for: "its end") { !isAlive(daemon) }
    bench.launcher.removeControlGroups(besides: [])
    #expect(try bench.controlGroupNames == [])
  }

  /// A shepherd that is killed after the end of the main process.
  @Test(arguments: [true, false])
  func theSupervisorLeavesThemToo(_ leaves: Bool) async throws {
    let bench = try JobBench()
    let mark = "AGENTD_JOB_MARK=\(UInt64.random(in: 0 ... .max))"
    let daemon = try TestProcess(["env", mark, "sleep", "1000"])
    let number = daemon.handle.processID
    var order = Order(
      id: "job-1", arguments: [Array("/bin/true".utf8)], environment: [Array(mark.utf8)], directory: Array("/".utf8),
      killGrace: 0)
    order.leavesProcesses = leaves
    try Folder.make(bench.home.path("jobs/job-1"), mode: 0o700)
    try bench.home.write("jobs/job-1/order", order.encoded())
    // The process with this number and start time has ended.
    let start = try #require(ProcessFact(number)?.startTime)
    try bench.home.write("jobs/job-1/main", "\(number) \(start - 1)\n")
    try await wait(for: "sleep(1)") {
      try DurableFile.read("/proc/\(number)/cmdline", limit: 1000).starts(with: "sleep".utf8)
    }
    var remains = [JobRemains(of: JobID("job-1")!, nil, bench.launcher)]
    #expect(JobRemains.end(&remains) == !leaves)
    try await wait(for: "an end of what is left") { !JobRemains.end(&remains) }
    #expect(isAlive(number) == leaves)
    let reason = remains[0].outcome(JobOutcome(.interrupted, reason: "why")).reason
    #expect(reason == (leaves ? "why; what it left keeps running, as requested" : "why; killed 1 process that it left"))
    kill(number, SIGKILL)
    _ = try await daemon.end()
  }
}
