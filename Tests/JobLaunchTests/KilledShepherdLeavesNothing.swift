import AgentProtocol
import Glibc
import JobLaunch
import ShepherdContract
import SystemCalls
import TestSupport
import Testing

/// Goal: when a shepherd is killed, the supervisor ends what is left of its job, and nothing else.
struct KilledShepherdLeavesNothing {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Writes a line with its process ID to the file `$P` for each process that must be gone afterwards.
    var script: String
    var processes: Int
  }

  static let cases = [
    Case(testDescription: "the main process alone", script: "echo $$ >>$P; exec sleep 1000", processes: 1),
    Case(
      testDescription: "a daemon in another session that ignores TERM, its parents gone",
      script: """
        setsid sh -c 'sh -c "trap \\"\\" TERM HUP; echo \\$\\$ >>$P; while :; do sleep 1; done" & exit' &
        echo $$ >>$P; while :; do sleep 1; done
        """, processes: 2),
    Case(
      testDescription: "a daemon that has shed its environment",
      script: "setsid env -i P=$P sh -c 'echo $$ >>$P; while :; do sleep 1; done' & echo $$ >>$P; exec sleep 1000",
      processes: 2),
    Case(
      testDescription: "a daemon that has shed its output",
      script: "setsid sh -c 'echo $$ >>$P; exec sleep 1000' >/dev/null 2>&1 & echo $$ >>$P; exec sleep 1000",
      processes: 2),
    Case(
      testDescription: "a main process that has shed both",
      script: "exec env -i P=$P sh -c 'exec >/dev/null 2>&1; echo $$ >>$P; sleep 1000; exit'", processes: 1),
    Case(
      testDescription: "one that forks while it is killed",
      script: "echo $$ >>$P; while :; do setsid sleep 5 & sleep 0.002; done", processes: 1),
  ]

  @Test(arguments: cases)
  func without(_ expected: Case) async throws {
    let outcome = try await kill(expected, JobBench())
    // The processes found may not be all.
    #expect(outcome.left == nil)
  }

  @Test(.enabled(if: geteuid() == 0, "mounting a cgroup2 file system needs root"), arguments: cases)
  func withControlGroups(_ expected: Case) async throws {
    let bench = try JobBench(controlGroups: true)
    let outcome = try await kill(expected, bench)
    #expect(outcome.left == 0)
    #expect(try bench.controlGroupNames == [])
  }

  private func kill(_ expected: Case, _ bench: JobBench) async throws -> JobOutcome {
    // Neither the same program nor its own session makes a process part of the job.
    let bystander = try TestProcess(["setsid", "sleep", "1000"])
    var request = JobRequest.shell(expected.script)
    request.environment = ["P": bench.home.path("processes")]
    let job = try bench.start("job-1", request)
    let processes = try await wait(for: "the job's processes") {
      let lines = ((try? bench.home.read("processes")) ?? "").split(separator: "\n").compactMap { pid_t($0) }
      return lines.count == expected.processes ? lines : nil
    }
    if expected.testDescription.contains("main") {
      let record = try? bench.home.read("jobs/job-1/main")
      #expect((record != nil) == (try bench.controlGroupNames == []))
    }
    try job.shepherd.send(SIGKILL)
    let lost = try await bench.end(of: job)
    #expect(lost.state == .interrupted)
    var remains = [JobRemains(of: job.id, job.order, bench.launcher)]
    try await wait(for: "an end of what is left") { !JobRemains.end(&remains) }
    for process in processes { #expect(!isAlive(process), "process \(process)") }
    #expect(isAlive(bystander.handle.processID))
    let outcome = remains[0].outcome(lost)
    #expect(outcome.state == .interrupted)
    #expect(remains[0].ended.isSuperset(of: processes))
    #expect(outcome.killed == remains[0].ended.count)
    let count = remains[0].ended.count
    #expect(
      outcome.reason
        == "\(try #require(lost.reason)); killed \(count) \(count == 1 ? "process" : "processes") that it left")
    return outcome
  }

  /// A process ID that has been reused (Nomad's issues 17960 and 23969).
  @Test func aProcessOfTheSameNumberIsSpared() async throws {
    let bench = try JobBench()
    let bystander = try TestProcess(["sleep", "1000"])
    let number = bystander.handle.processID
    let fact = try #require(ProcessFact(number))
    try Folder.make(bench.home.path("jobs/job-1"), mode: 0o700)
    try bench.home.write("jobs/job-1/main", "\(number) \(fact.startTime - 1)\n")
    var remains = [JobRemains(of: JobID("job-1")!, nil, bench.launcher)]
    #expect(!JobRemains.end(&remains))
    #expect(isAlive(number))

    // The right process is found.
    try bench.home.write("jobs/job-1/main", "\(number) \(fact.startTime)\n")
    remains = [JobRemains(of: JobID("job-1")!, nil, bench.launcher)]
    #expect(JobRemains.end(&remains))
    #expect(try await bystander.end().end == .signalled(SIGKILL))
  }
}
